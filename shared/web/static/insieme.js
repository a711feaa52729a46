// The little that pages do by themselves. Everything works without it, but for names and the live page.
"use strict";

(() => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];

  // Names: one POST a page, with the page's signed ticket; without the right the short id stays.
  async function names() {
    const ticket = document.getElementById("ticket")?.dataset.ticket;
    if (!ticket) return;
    const answer = await fetch("/intake/doors/tags", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ ticket }),
      cache: "no-store",
    });
    if (!answer.ok) return;
    const { tags } = await answer.json();
    for (const place of all("[data-person]")) {
      const tag = tags[place.dataset.person];
      if (tag?.name) place.textContent = tag.name;
    }
    all("table[data-sort-names]").forEach(sortByName);
  }

  // A list of persons of up to 200 rows reads best by name; a longer one keeps its order, which is of urgency.
  function sortByName(table) {
    const body = table.tBodies[0];
    const rows = body ? [...body.rows] : [];
    if (rows.length > 200 || !rows.every((row) => row.cells[0]?.querySelector("[data-person]"))) return;
    const name = (row) => row.cells[0].textContent.trim();
    rows.sort((a, b) => name(a).localeCompare(name(b), "it")).forEach((row) => body.append(row));
  }

  // A document that intake composes: sent at once; the button stays for a second try.
  function compose() {
    for (const form of all("form[data-auto-submit]")) {
      form.submit();
      all("[data-after-submit]").forEach((note) => (note.hidden = false));
    }
  }

  // What was refused is read first; its links lead to the field.
  function summary() {
    const box = document.getElementById("errori");
    if (!box) return;
    box.focus();
    for (const link of all("a[data-field]", box)) {
      link.addEventListener("click", (event) => {
        const field = document.getElementById(link.dataset.field);
        if (!field) return;
        event.preventDefault();
        field.closest("details")?.setAttribute("open", "");
        field.scrollIntoView({ block: "center" });
        field.focus();
      });
    }
    for (const wrong of all("[aria-invalid]")) wrong.closest("details")?.setAttribute("open", "");
  }

  // A long form is not lost while somebody writes: the session is renewed at most every four minutes.
  function stay() {
    if (!document.body.hasAttribute("data-signed-in")) return;
    let renewed = Date.now();
    const renew = () => {
      if (Date.now() - renewed < 240000) return;
      renewed = Date.now();
      fetch("/sign-in/renew", { cache: "no-store" }).catch(() => {});
    };
    document.addEventListener("input", renew);
    document.addEventListener("keydown", renew);
  }

  // The live page: each event names the element whose content it brings.
  function live() {
    for (const place of all("[data-live]")) {
      const source = new EventSource(place.dataset.live);
      const heard = new Set();
      const listen = (id) => {
        if (!id || heard.has(id)) return;
        heard.add(id);
        source.addEventListener(id, (event) => {
          const target = document.getElementById(id);
          if (target) target.innerHTML = event.data;
        });
      };
      all("[id]", place).forEach((element) => listen(element.id));
      window.addEventListener("pagehide", () => source.close());
    }
  }

  // The menu of the other pages closes with Escape, and when one goes on elsewhere.
  function menu() {
    for (const more of all("details.tabs-more")) {
      document.addEventListener("click", (event) => more.contains(event.target) || more.removeAttribute("open"));
      more.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        more.removeAttribute("open");
        more.querySelector("summary").focus();
      });
    }
  }

  names().catch(() => {});
  compose();
  summary();
  stay();
  live();
  menu();
})();
