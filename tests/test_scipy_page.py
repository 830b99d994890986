"""docs/scipy.md says what there is."""

from tests.scipy_page import PAGE, page


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.scipy_page`"
