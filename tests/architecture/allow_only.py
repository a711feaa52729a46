"""An import-linter contract that names what a module may import; all else is forbidden.

A list of what is forbidden would have to grow with every new library; purity is easier said the other way.
"""

from __future__ import annotations

from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class AllowOnly(Contract):
    """`source_modules` (wildcards allowed) and their children import directly nothing outside `allowed`.

    An allowed package allows its children. A source that matches nothing is an error: a renamed file would
    otherwise escape.
    """

    # Fields are descriptors: what an instance holds is the list.
    source_modules = cast(list[str], fields.ListField(subfield=fields.StringField()))
    allowed = cast(list[str], fields.ListField(subfield=fields.StringField()))

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find the direct imports that nothing allows."""
        found: list[tuple[str, str, int]] = []
        unmatched: list[str] = []
        for pattern in self.source_modules:
            sources = graph.find_matching_modules(pattern)
            if not sources:
                unmatched.append(pattern)
            for source in sorted(sources):
                for importer in sorted({source} | graph.find_descendants(source)):
                    for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                        if not _covered(imported, [source, *self.allowed]):
                            details = graph.get_import_details(importer=importer, imported=imported)
                            found.append((importer, imported, details[0]["line_number"] if details else 0))
        metadata = {"found": found, "unmatched": unmatched}
        return ContractCheck(kept=not any(metadata.values()), metadata=metadata)

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each forbidden import with its line."""
        for pattern in check.metadata["unmatched"]:
            output.print_error(f"No module is called {pattern}: the guard would watch nothing.", bold=False)
        for importer, imported, line in check.metadata["found"]:
            output.print_error(f"{importer} may not import {imported} (l. {line})", bold=False)


def _covered(module: str, allowed: list[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)
