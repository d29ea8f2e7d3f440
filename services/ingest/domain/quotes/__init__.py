"""What a person newly said in a mail, apart from the history and the signature below it.

Nothing is thrown away here: the whole stays beside what was said, so that a wrong cut hides and never loses.
"""

from services.ingest.domain.quotes.page import said_in_html
from services.ingest.domain.quotes.text import said_in_text

__all__ = ["said_in_html", "said_in_text"]
