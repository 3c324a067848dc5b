"""What a routing decision costs with the rules that ship and a thousand of one's own: the limits promised.

Prompts and prose of many scripts are held to them, with and without words of the lists, words of the lists again and
again. What nobody writes by hand, made to cost as much as it can, is held to limits of its own (``MOST_MS_MADE_UP``).

A limit is one of the machine the README's figures are of. All is measured in this thread's time on the processor, the
least of many rounds, for others use the machine too; and beside it, in the same rounds, a yardstick: splitting 8 KB of
English into words and folding their case. A machine that takes longer for that may take as much longer to decide.
"""

from __future__ import annotations

import math
import random
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from rung.routing.decide import decide
from rung.settings import cold
from rung.settings.values import Rule, Settings, When
from rung.types.features import Features

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

ROUNDS, MOST_ROUNDS = 60, 1000
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
    "one sign in the midst of phrases": "证",
    "no-break spaces": "\u00a0",
    "dots": ".",
}
PROMPTS = {
    "English": "Analyse {n} in depth\nProve that {n} terminates\nCompare all options for {n}\n"
    "Translate {n}\nWhat are the trade-offs of {n}?\nExplain this {n}\nFix the grammar of {n}\n"
    "Review the architecture of {n}",
    "German": "Analysiere {n} gründlich\nBeweise, dass {n} endet\nVergleiche alle Optionen für {n}\nÜbersetze {n}\n"
    "Fasse {n} zusammen\nErkläre {n}\nKorrigiere die Grammatik von {n}\nWelche Vor- und Nachteile hat {n}?",
    "French": "Analyse {n} en profondeur\nProuve que {n} termine\nCompare les options de {n}\nTraduis {n}\nRésume {n}\n"
    "Explique {n}\nCorrige la grammaire de {n}\nQuels sont les avantages et inconvénients de {n} ?",
    "Spanish": "Analiza a fondo {n}\nDemuestra que {n} termina\nCompara las opciones de {n}\nTraduce {n}\nResume {n}\n"
    "Explica {n}\nCorrige la gramática de {n}\n¿Qué ventajas y desventajas tiene {n}?",
    "Portuguese": "Analise {n} a fundo\nProve que {n} termina\nCompare as opções de {n}\nTraduza {n}\nResuma {n}\n"
    "Explique {n}\nCorrija a gramática de {n}\nQuais as vantagens e desvantagens de {n}?",
    "Chinese": "请深入分析{n}的设计\n证明{n}成立\n比较{n}的各种方案\n把{n}翻译成英文\n总结一下{n}\n解释一下{n}\n"
    "检查{n}的语法\n评审{n}的架构\n设计一个{n}系统\n写一份详细的{n}报告",
    "Japanese": "{n}を詳しく分析してください\n{n}が成り立つことを証明して\n"
    "{n}の選択肢を比較して\n{n}を翻訳して\n{n}を要約して\n"
    "{n}の文法を直して\n{n}の設計をレビューして\nこの{n}を説明して\n{n}のトレードオフは何ですか",
}
"""What people ask for, in words of the lists; of everything something."""
PROSE = {
    "Chinese prose": "会议讨论了下一个版本的计划 先把界面改好 "
    "再考虑性能 数据保存在文件里 我们比较了两种方法 系统设计文档已经更新 "
    "架构由三个服务组成 团队分析了日志 详细信息见附件 将结果写入报告 "
    "检查接口 评估成本 把缓存清空 修改配置 说明如下 转换数据 "
    "生成代码 重写模块 提交代码 测试通过 下个月上线 用户反馈很好 性能提高了两倍 网络延迟降低 请同事审阅",
    "Japanese prose": "会議では次の版の計画を話し合った 画面を直すことにした "
    "設計の文書を更新した 二つの方法を試した 記録を分析した "
    "結果を報告に書いた 接続を確認した 費用を見積もった 設定を変えた "
    "変換の処理を書き直した 試験に合格した 来月に公開する "
    "利用者の評判はよい 性能は二倍になった 詳細は付録にある 構成は三つのサービスからなる 同僚に確認を頼んだ",
}
"""Sentences on technical work; their words are signs of phrases and seldom phrases."""
REPEATED = [
    "analyse",
    "write a very detailed",
    "compare the many things here today now",
    "in",
]
"""Again and again."""
SIZES = {"8 KB": 8_000, "100 KB": 100_000}
MOST_MS = {"8 KB": 0.3, "100 KB": 2.0}
MOST_MS_WITH_RULES = 5.0
MOST_MS_MADE_UP = {"8 KB": 0.5, "100 KB": 2.0}
MOST_MS_ALIKE = 8.0
MOST_MS_PATTERNS = 400.0
RULES = 1_000
YARDSTICK_MS = 0.083
"""Milliseconds the yardstick takes on that machine (two cores, nothing else running)."""
NOISE = 1.25
"""What others on the machine make of a figure in spite of the yardstick: their work does not slow all code alike."""
SLACK = 2.0
"""What growth may be above proportional, on a machine others use too."""
PLACE = Path(__file__).resolve().parents[2]


def texts() -> dict[str, str]:
    """All that people write, of 100 KB at least."""
    chance = random.Random(3)
    found = {language: sentence * (100_000 // len(sentence.encode()) + 1) for language, sentence in SENTENCES.items()}
    for language, prompts in PROMPTS.items():
        asked = (chance.choice(prompts.split("\n")).format(n=f"part{n % 700}") for n in range(9_000))
        found[f"{language} prompts"] = "\n".join(asked)
    for language, sentences in PROSE.items():
        found[language] = "。".join("".join(chance.sample(sentences.split(), 3)) for _ in range(4_000))
    read = [(PLACE / "README.md").read_text(encoding="utf-8") * 20]
    read.append("".join(path.read_text(encoding="utf-8") for path in sorted(PLACE.glob("server/rung/*/*.py"))))
    found |= dict(zip(("the README", "code"), read, strict=True))
    found["README and code"] = "".join(
        f"{one}\n{other}" for one, other in zip(*(cut(text) for text in read), strict=False)
    )
    found |= {f"{unit}, again and again": f"{unit} " * 50_000 for unit in REPEATED}
    return found


def cut(text: str) -> list[str]:
    """Pieces of two thousand characters."""
    return [text[at : at + 2_000] for at in range(0, 100_000, 2_000)]


TEXTS = texts()
ENGLISH = TEXTS["English"].encode()[:8_000].decode()


def text_of(name: str, size: int) -> str:
    """A text of so many bytes of UTF-8."""
    return TEXTS[name].encode()[:size].decode("utf-8", "ignore")


def yardstick() -> object:
    return [word.casefold() for word in ENGLISH.split()]


def best(work: Callable[[], object], enough: float) -> tuple[float, float]:
    """The least milliseconds of it and of the yardstick, by turns; more rounds while it is more than ``enough``."""
    mine: list[float] = []
    beside: list[float] = []
    while len(mine) < ROUNDS or (len(mine) < MOST_ROUNDS and there(min(mine) * 1e3, min(beside) * 1e3) > enough):
        for each, times in ((work, mine), (yardstick, beside)):
            begun = time.thread_time()
            each()
            times.append(time.thread_time() - begun)
    return min(mine) * 1e3, min(beside) * 1e3


def there(mine: float, beside: float) -> float:
    """Milliseconds on the README's machine of what takes so many here; a faster one has to keep the same limits."""
    return mine * min(1.0, YARDSTICK_MS / beside)


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


def measured(settings: Settings, text: str, enough: float = math.inf) -> tuple[float, float]:
    """Milliseconds of a decision, and of the yardstick beside it."""
    features = Features(action="ask", typed=text, tokens=100)
    decide(features, settings)  # tables are made once for each settings
    return best(lambda: decide(features, settings), enough)


def held(capsys: pytest.CaptureFixture[str], name: str, settings: Settings, text: str, most: float) -> None:
    """Measure a decision, and hold it to a limit."""
    mine, beside = measured(settings, text, most)
    with capsys.disabled():
        sys.stdout.write(f"\ndecision, {name}: {there(mine, beside):.3f} ms, {mine / beside:.2f} x the yardstick")
    assert there(mine, beside) <= NOISE * most


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("size", SIZES)
def test_a_decision_costs_little(
    shipped: Settings, language: str, size: str, capsys: pytest.CaptureFixture[str]
) -> None:
    held(capsys, f"{size} of {language}", shipped, text_of(language, SIZES[size]), MOST_MS[size])


@pytest.mark.parametrize("language", TEXTS)
def test_a_thousand_word_rules_cost_little_more(
    crowded: Settings, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = text_of(language, SIZES["100 KB"])
    held(capsys, f"100 KB of {language}, {RULES} rules", crowded, text, MOST_MS_WITH_RULES)


@pytest.mark.parametrize("language", TEXTS)
def test_a_decision_grows_in_proportion_to_the_text(
    shipped: Settings, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = (25_000, 50_000, 100_000)
    times = [there(*measured(shipped, text_of(language, size))) for size in sizes]
    with capsys.disabled():
        row = ", ".join(f"{size // 1000} KB {mine:.2f} ms" for size, mine in zip(sizes, times, strict=True))
        sys.stdout.write(f"\ndecision, {language}: {row}")
    assert times[-1] <= SLACK * times[0] * sizes[-1] / sizes[0]


MADE_UP = {
    "one sign phrases begin with, again and again": "把" * 34_000,
    "trade off trade of, again and again": "trade off trade of " * 6_000,
    "the start of a Chinese phrase, again and again": "把这段话翻成" * 5_500,
    "another one": "详细" * 17_000,
    "a Chinese phrase, again and again": "翻译" * 17_000,
    "a Chinese word between Latin letters": "设计x" * 15_000,
    "Japanese, Chinese and Latin side by side": "システムsystem設計design" * 3_000,
    "signs of Chinese phrases in any order": "".join(
        random.Random(1).choices("把将总结翻译证明分析比较设计系统架构方案这", k=33_000)
    ),
    "pieces of Chinese phrases, a sentence each": "把。方案。比较。写。详细。报告。设计。系统。检查。语法。深入。各种。"
    * 1_000,
    "pieces of English phrases, too far apart": "compare the many things here today now and then options review this "
    "and all of that for me now architecture " * 1_000,
    "half-width kana": "\uff84\uff9a" * 17_000,
    "full-width words": "\uff30\uff32\uff2f\uff36\uff29\uff2e\uff27 " * 4_600,
    "a hundred accents on each letter": ("a" + "\u0316\u0301" * 50) * 500,
    "accents in any order": "".join(
        "x" + "".join(random.Random(n).choices("\u0301\u0316\u0327\u0345", k=8)) for n in range(6_000)
    ),
    "thousands of accents on one letter": "a" + "\u0316\u0301" * 25_000,
    "Japanese with its accents apart": unicodedata.normalize("NFD", "画面がでるガギグゲゴデザイン") * 1_500,
    "quotation marks around each letter": "ж«я»—" * 10_000,
    "dots behind each other": "...a" * 25_000,
    "dots between spaces": ". " * 50_000,
}
"""What nobody writes, made to cost as much as it can."""


@pytest.mark.parametrize("name", MADE_UP)
def test_a_text_made_to_cost_much_costs_a_few_times_as_much(
    shipped: Settings, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for size, most in SIZES.items():
        text = MADE_UP[name].encode()[:most].decode("utf-8", "ignore")
        held(capsys, f"{size}, {name}", shipped, text, MOST_MS_MADE_UP[size])


@pytest.mark.parametrize("name", MADE_UP)
def test_no_text_makes_a_decision_grow_faster(shipped: Settings, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = MADE_UP[name]
    quarter, whole = (there(*measured(shipped, text[: len(text) // part])) for part in (4, 1))
    with capsys.disabled():
        sys.stdout.write(f"\ndecision, {name}: 25 KB {quarter:.2f} ms, 100 KB {whole:.2f} ms")
    assert whole <= SLACK * 4 * max(quarter, 0.05)


def test_a_thousand_rules_that_begin_alike_cost_a_few_times_as_much(
    shipped: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tuple(
        Rule(f"rule {n}", When(words=tuple(f"compare ... a{n * 10 + k}" for k in range(3))), tier="large")
        for n in range(RULES)
    )
    text = " ".join(f"compare a{n}" for n in range(0, 50_000, 7))[:100_000]
    crowd = shipped.replace(rules=(*rules, *shipped.rules))
    held(capsys, f"100 KB, {RULES} rules that begin alike", crowd, text, MOST_MS_ALIKE)


def test_patterns_of_a_thousand_rules_are_bounded_together(
    shipped: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tuple(Rule(f"p{n}", When(pattern=(rf"\bneedle{n}\b",)), tier="large") for n in range(RULES))
    text = text_of("English", SIZES["100 KB"])
    held(capsys, f"100 KB of English, {RULES} patterns", shipped.replace(rules=rules), text, MOST_MS_PATTERNS)
