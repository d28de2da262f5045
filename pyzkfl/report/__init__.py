"""A report of a ledger: one page that opens without a network (`pyzkfl report PATH --html`).

from pyzkfl.report import gather, page
Path("run.html").write_text(page(gather(SqliteLedger.open("run.ledger"))))
"""

from __future__ import annotations

from pyzkfl.report.gathering import JobReport, Report, RoundReport, gather
from pyzkfl.report.html_page import page

__all__ = ["JobReport", "Report", "RoundReport", "gather", "page"]
