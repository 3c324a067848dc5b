"""What a routing decision costs with the rules that ship and a thousand of one's own, beside a fixed piece of work.

The fixed work is what nobody can do without: splitting the same text into words and folding their case.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

import pytest

from rung.routing.decide import decide
from rung.settings import cold
from rung.settings.values import Rule, Settings, When
from rung.types.features import Features

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

ROUNDS = 60
SENTENCES = {
    "English": "The quick fox, which we'd like to improve; what of it? See foo.py (in json/csv), and review the plan. ",
    "German": "Größe und Übermut der schnellen Füchse, die wir bessern möchten; überprüfe „dies“ in foo.py, als json. ",
    "French": "L\u2019œuvre « accélérer » doit être revue ; où sont les données ? Voir foo.py, vérifie — merci. ",
    "Russian": "Сегодня мы обсудили план следующей версии; сначала поправим «экран», потом скорость. Данные в JSON. ",
    "Greek": "Σήμερα συζητήσαμε το σχέδιο της επόμενης έκδοσης· πρώτα θα διορθώσουμε την οθόνη, ύστερα η ταχύτητα. ",
    "Arabic": "ناقشنا اليوم خطة الإصدار القادم، سنصلح الواجهة أولا ثم نفكر في السرعة. ",
    "Hindi": "आज हमने अगले संस्करण की योजना पर चर्चा की, पहले इंटरफ़ेस ठीक करेंगे, फिर गति। ",
    "Thai": "วันนี้เราคุยกันเรื่องแผนของรุ่นถัดไปก่อนอื่นจะแก้หน้าจอแล้วค่อยคิดเรื่องความเร็ว ",
    "Vietnamese": "Hôm nay chúng tôi đã thảo luận kế hoạch của phiên bản tiếp theo, trước hết sửa giao diện. ",
    "Chinese": "今天的会议讨论了下一个版本的计划,大家都同意先把界面改好,再考虑性能。数据保存在JSON文件里。请确认时间。",
    "Japanese": "今日の会議では次の版の計画を話し合いました。画面を直し、性能を考えることにします。JSONも。",
    "Korean": "오늘 회의에서 다음 버전의 계획을 논의했습니다. 먼저 화면을 고치고, 성능을 생각합시다. JSON 파일. ",
    "emoji": "😀🎉 👩\u200d👩\u200d👧 🚀🔥✨ ",
    "many scripts": "The plan 计划 für версии größer 日本語のテキスト 오늘 😀 naïve résumé; ",
    "lines of Windows": "The quick fox\r\nwhich we'd like\r\n\r\n",
    "combining signs": "Gro\u0308ße und U\u0308bermut der schnellen Fu\u0308chse, re\u0301sume\u0301 ",
    "minified code": '!function(e,t){"object"==typeof exports?module.exports=t():0}(this,(function(){return{a:1}}));',
    "NUL bytes": "the\0quick\0fox\0",
    "one word without end": "TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcms",
    "one letter": "a",
    "one sign": "好",
    "one sign phrases begin with": "把",
    "one sign in the midst of phrases": "证",
    "no-break spaces": "\u00a0",
    "dots": ".",
}
SIZES = {"8 KB": 8_000, "100 KB": 100_000}
MOST_MS = {"8 KB": 0.3, "100 KB": 2.0}
MOST_MS_MIXED = {"8 KB": 0.6, "100 KB": 4.0}
"""For many scripts in one sentence: all of the ways to read a text at once, and phrases that several of them begin."""
MOST_MS_WITH_RULES = 5.0
RULES = 1_000
SLACK = 2.0
"""What growth may be above proportional, on a machine others use too."""


def text_of(language: str, size: int) -> str:
    """A text of so many bytes of UTF-8, without a word that would spare the rest of the search."""
    sentence = SENTENCES[language]
    return (sentence * (size // len(sentence.encode()) + 1)).encode()[:size].decode("utf-8", "ignore")


def best(work: Callable[[], object], beside: Callable[[], object]) -> tuple[float, float]:
    """The least milliseconds of both, taken by turns."""
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        for each, times in ((work, mine), (beside, theirs)):
            begun = time.perf_counter()
            each()
            times.append(time.perf_counter() - begun)
    return min(mine) * 1e3, min(theirs) * 1e3


@pytest.fixture(scope="module")
def shipped() -> Settings:
    return cold.read(None, None)[0]


@pytest.fixture(scope="module")
def crowded(shipped: Settings) -> Settings:
    """The shipped rules behind a thousand others, half of them with phrases that begin like the text."""
    rules = tuple(
        Rule(f"rule {n}", When(words=(f"word{n}", f"the quick thing{n}", f"review ... thing{n}")), tier="large")
        for n in range(RULES)
    )
    return shipped.replace(rules=(*rules, *shipped.rules))


def measured(settings: Settings, text: str) -> tuple[float, float]:
    features = Features(action="ask", typed=text, tokens=100)
    decide(features, settings)  # tables are made once for each settings
    return best(lambda: decide(features, settings), lambda: [word.casefold() for word in text.split()])


def say(capsys: pytest.CaptureFixture[str], name: str, mine: float, beside: float) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\ndecision, {name}: {mine:.3f} ms, {mine / beside:.2f} x splitting and folding its text")


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("size", SIZES)
def test_a_decision_costs_little(
    shipped: Settings, language: str, size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, beside = measured(shipped, text_of(language, SIZES[size]))
    say(capsys, f"{size} of {language}", mine, beside)
    assert mine <= (MOST_MS_MIXED if language == "many scripts" else MOST_MS)[size]


@pytest.mark.parametrize("language", SENTENCES)
def test_a_thousand_word_rules_cost_little_more(
    crowded: Settings, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, beside = measured(crowded, text_of(language, SIZES["100 KB"]))
    say(capsys, f"100 KB of {language}, {RULES} rules", mine, beside)
    assert mine <= MOST_MS_WITH_RULES


@pytest.mark.parametrize("language", SENTENCES)
def test_a_decision_grows_in_proportion_to_the_text(
    shipped: Settings, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = (50_000, 100_000, 200_000)
    times = [measured(shipped, text_of(language, size))[0] for size in sizes]
    with capsys.disabled():
        row = ", ".join(f"{size // 1000} KB {mine:.2f} ms" for size, mine in zip(sizes, times, strict=True))
        sys.stdout.write(f"\ndecision, {language}: {row}")
    assert times[-1] <= SLACK * times[0] * sizes[-1] / sizes[0]


WORST = {
    "a word of the lists, again and again": "analyse " * 12_500,
    "the start of a phrase, again and again": "write a very detailed " * 4_500,
    "nothing but dots": "." * 100_000,
    "one word": "a" * 100_000,
    "a Chinese phrase, again and again": "翻译" * 16_500,
    "the start of a Chinese phrase, again and again": "把这段话翻成" * 5_500,
    "signs of Chinese phrases in any order": "".join(
        random.Random(1).choices("把将总结翻译证明分析比较设计系统架构方案这", k=33_000)
    ),
}


@pytest.mark.parametrize("name", WORST)
def test_no_text_makes_a_decision_grow_faster(shipped: Settings, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = WORST[name]
    half, _ = measured(shipped, text[: len(text) // 4])
    mine, beside = measured(shipped, text)
    say(capsys, f"100 KB, {name}", mine, beside)
    assert mine <= SLACK * 4 * max(half, 0.05)


def test_patterns_of_a_thousand_rules_are_bounded_together(
    shipped: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tuple(Rule(f"p{n}", When(pattern=(rf"\bneedle{n}\b",)), tier="large") for n in range(RULES))
    mine, beside = measured(shipped.replace(rules=rules), text_of("English", SIZES["100 KB"]))
    say(capsys, f"100 KB of English, {RULES} patterns", mine, beside)
    assert mine <= 400
