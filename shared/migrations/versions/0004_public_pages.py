"""Public pages of intake, in intake alone: drafts of the questionnaire are found by age; wrong tries are counted."""

from alembic import context, op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """The index of drafts and the table of tries."""
    role = context.config.attributes["schema"]
    if not role.endswith("intake"):
        return
    op.execute("create index vault_rows_drafts on vault_rows (written_at) where kind = 'questionnaire'")
    op.execute("create table code_tries (person_id text primary key, tries int not null)")
    op.execute(f'grant select, insert, update, delete on code_tries to "{role}"')
