"""Which metrics exist is read from the code that makes them."""

from scripts.deploy import metrics

MODULE = """
class Measures:
    def __init__(self, metrics):
        self.a = metrics.counter("letters_total", "Letters.", ["channel", "outcome"])
        self.b = metrics.gauge("waiting", "Letters that wait.")
        self.c = metrics.histogram("handling_seconds", "How long.", ("method",), prefix="")
        self.d = metrics.gauge(self.name, "Computed.", ["x"])
        self.e = metrics.counter("others_total", "With labels made elsewhere.", LABELS)
        self.f = catalogue.counter("not a metric")
"""


def test_a_metric_is_found_where_it_is_made_with_its_labels() -> None:
    found = {made.name: made for made in metrics.made_in(MODULE, "a.py")}
    assert list(found) == [
        "relaydesk_letters_total",
        "relaydesk_waiting",
        "handling_seconds",
        "relaydesk_others_total",
    ]
    assert found["relaydesk_letters_total"].labels == frozenset({"channel", "outcome"})
    assert found["relaydesk_waiting"].labels == frozenset()
    assert found["relaydesk_others_total"].labels is None
    assert found["handling_seconds"].where == "a.py:6"


def test_a_metric_of_a_collector_is_found_by_its_family_or_by_the_prefix_in_front_of_it() -> None:
    source = """
class Open:
    def __init__(self, metrics):
        self._name = f"{metrics.prefix}_letters_open"
        self._path = f"{metrics.prefix}/letters"

    def collect(self):
        waiting = self._family("letters_waiting", "Letters that wait.", "queue", "state")
"""
    found = {made.name: made.labels for made in metrics.made_in(source, "a.py")}
    assert found == {
        "relaydesk_letters_open": None,
        "relaydesk_letters_waiting": frozenset({"queue", "state"}),
    }


def test_a_histogram_shows_three_series_and_only_its_buckets_have_bounds() -> None:
    histogram = metrics.Made("wait_seconds", "histogram", frozenset({"queue"}), "a.py:1")
    assert dict(histogram.series()) == {
        "wait_seconds_sum": frozenset({"queue"}),
        "wait_seconds_count": frozenset({"queue"}),
        "wait_seconds_bucket": frozenset({"queue", "le"}),
    }


def test_every_selector_of_an_expression_is_found_once() -> None:
    found = metrics.selectors('sum by (a) (rate(x_total{b="c"}[5m])) / on (a) y or vector(0)')
    assert found == [("x_total", frozenset({"b"})), ("y", frozenset())]


def test_a_metric_that_nothing_makes_is_told() -> None:
    assert list(metrics.strangers("rate(x_totl[5m])", {"x_total": frozenset()})) == [
        "nothing makes the metric x_totl"
    ]


def test_a_label_that_the_metric_does_not_have_is_told_but_not_the_scrapes_own() -> None:
    series: dict[str, frozenset[str] | None] = {"x_total": frozenset({"queue"}), "y": None}
    assert list(metrics.strangers('x_total{channel="a", component="b"}', series)) == [
        "x_total has no label channel"
    ]
    assert list(metrics.strangers('y{anything="a"}', series)) == []
