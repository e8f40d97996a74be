"""Charts: every count is a bar and a row of the table behind it."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from lead_qualifier.console.languages import LANGUAGES
from lead_qualifier.console.pages.charts import HEIGHT, WIDTH, bar_chart
from lead_qualifier.console.pages.rendering import _environment

EDGES = [0.0, 10.0, 20.0, 40.0]


@pytest.fixture
def german() -> Environment:
    return _environment(LANGUAGES["de"])


def draw(environment: Environment, text: str, **values: object) -> str:
    template = environment.from_string('{% from "charts.html" import draw %}' + text)
    return template.render(**values)


def test_bars_are_as_high_as_their_counts() -> None:
    chart = bar_chart(["a", "b", "c"], {"leads": [10, 0, 5]})
    assert [(bar.label, bar.count, bar.height, bar.y) for bar in chart.bars] == [
        ("a", 10, HEIGHT, 0),
        ("c", 5, HEIGHT / 2, HEIGHT / 2),
    ]
    assert chart.rows == (("a", (10,)), ("b", (0,)), ("c", (5,)))


def test_series_are_on_top_of_each_other() -> None:
    chart = bar_chart(["a"], {"one": [3], "other": [1]})
    lower, upper = chart.bars
    assert (lower.series, upper.series) == (0, 1)
    assert upper.y + upper.height == lower.y
    assert lower.y + lower.height == HEIGHT
    assert chart.top == 4


def test_bars_are_as_wide_as_their_bands() -> None:
    chart = bar_chart(["a", "b", "c"], {"leads": [1, 1, 1]}, edges=EDGES, mark=30)
    assert chart.bars[2].width == pytest.approx(2 * chart.bars[0].width, abs=0.1)
    assert chart.mark == 0.75 * WIDTH
    assert [bar_chart(["a", "b", "c"], {}, edges=EDGES, mark=mark).mark for mark in (-5, 50)] == [0, WIDTH]


@pytest.mark.parametrize("edges", [None, [0.0, 1.0]])
def test_a_single_bar_is_not_as_wide_as_the_chart(edges: list[float] | None) -> None:
    (bar,) = bar_chart(["a"], {"leads": [7]}, edges=edges).bars
    assert bar.width <= WIDTH / 5
    assert bar.x + bar.width / 2 == WIDTH / 2


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0.0, 100.0, ["0", "20", "40", "60", "80", "100"]),
        (0.0, 104.0, ["0", "20", "40", "60", "80", "100"]),
        (-3.0, 8.0, ["-2", "0", "2", "4", "6", "8"]),
        (0.0, 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (61.0, 63.0, ["61", "61.5", "62", "62.5", "63"]),
        (0.0, 2_000_000.0, ["0", "1000000", "2000000"]),
        (0.0, 450_000.0, ["0", "200000", "400000"]),
        (-100_046.0, -100_001.0, ["-100040", "-100020"]),
        (-1.7e308, 1.7e308, []),
    ],
)
def test_the_numbers_below_a_histogram_are_round(low: float, high: float, shown: list[str]) -> None:
    chart = bar_chart(["a", "b"], {"leads": [1, 2]}, edges=[low, (low / 2 + high / 2), high])
    assert [text for _, text in chart.scale] == shown
    assert [x for x, _ in chart.scale] == [
        pytest.approx((float(text) - low) / (high - low) * WIDTH, abs=0.01) for text in shown
    ]


@pytest.mark.parametrize("labels", [[], ["a"], [f"label {number}" for number in range(52)]])
def test_the_first_and_the_last_label_stand_below(labels: list[str]) -> None:
    chart = bar_chart(labels, {"leads": [0] * len(labels)})
    assert list(chart.ticks[:1] + chart.ticks[-1:]) == list(labels[:1] + labels[-1:])[: 2 * len(labels)]
    assert chart.bars == ()


def test_a_chart_is_drawn_with_its_table_and_without_style(german: Environment) -> None:
    chart = bar_chart(["<70", "70+"], {"<Enterprise>": [1200, 3], "Web": [0, 4]}, mark=1)
    drawn = draw(german, '{{ draw(chart, id="c", caption="Scores", category="Band") }}', chart=chart)
    assert "<title>&lt;70: 1.200</title>" in drawn
    assert '<th scope="col" class="number">&lt;Enterprise&gt;</th>' in drawn
    assert '<td class="number">1.200</td>' in drawn
    assert "Als Tabelle" in drawn
    assert "style" not in drawn


def test_an_empty_chart_says_so(german: Environment) -> None:
    chart = bar_chart([], {"Leads": []})
    assert "Es gibt noch nichts zu zeigen." in draw(german, '{{ draw(chart, "c", "Scores", "Band") }}', chart=chart)
