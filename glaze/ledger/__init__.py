"""The ledger: what was glazed here, how, and what came of it, and the queue. One SQLite file.

ledger.py     Ledger: glazes and recognising them; what pages and workers call
queue.py      the jobs in it, each owned by the one program that runs it
entry.py      what a job is besides what only its run knows
owner.py      which program owns a job, and whether it still lives
database.py   the file: its tables, its age, and what happens where it is damaged or cannot be written
plain.py      settings, errors and glazes to JSON and back
"""

from glaze.ledger.database import ledger_path
from glaze.ledger.entry import Entry, State
from glaze.ledger.ledger import Kind, Ledger, Recognised

__all__ = ["Entry", "Kind", "Ledger", "Recognised", "State", "ledger_path"]
