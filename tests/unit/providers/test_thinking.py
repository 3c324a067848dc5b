"""What a model thinks inside its answer is no part of it, and what an answer says of thinking stays."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from tests.unit.providers import claude
from tests.unit.providers.scripted import Script, heard, question, serving
from tests.unit.providers.test_streams import compatible, delta, ollama, openai, sse

from rung.providers.events import Content, Finished, Retracted, Thought
from rung.providers.ollama import Ollama
from rung.providers.thinking import BLANK, ThinkTags

if TYPE_CHECKING:
    from rung.providers.events import StreamEvent

ANSWER = "A queue is a line."
HARMONY = (
    "<|channel|>analysis<|message|>They ask.<|end|>"
    "<|start|>assistant<|channel|>commentary<|message|>Let me see.<|end|>"
    f"<|start|>assistant<|channel|>final <|constrain|>json<|message|>{ANSWER}<|return|>"
)
THOUGHT = [
    f"<think>Hm.</think>{ANSWER}",
    f"\n<THINK>\n\n</THINK>\n\n{ANSWER}",
    f"<think>One.</think>\n<think>Two.</think>\n{ANSWER}",
    f"<think>The tag </thinking> is another.</think>{ANSWER}",
    f"<thinking>Hm, a queue.</thinking>{ANSWER}",
    f"<thought>Hm.</thought>\n{ANSWER}",
    f"<reasoning>Hm.\nYes.</reasoning>\n\n{ANSWER}",
    f"[THINK]Hm.[/THINK]{ANSWER}",
    f"<seed:think>Hm.</seed:think>{ANSWER}",
    f"<|channel>thought\nHm.<channel|>{ANSWER}",
    HARMONY,
    f"<|start|>assistant{HARMONY}",
    f"<|channel|>analysis<|message|>Hm.<|channel|>final<|message|>{ANSWER}",
    f"<|channel|>final<|message|>{ANSWER}",
    f"Okay, let me think.\n</think>\n\n{ANSWER}",
    f"Okay, let me think.</think>{ANSWER}",
    f"</think>\n{ANSWER}",
    f"Some ```code``` in `it`.\n```\nx\n```\n</thinking>\n{ANSWER}",
    f"Hm.\n[/THINK]\n{ANSWER}",
    f"They ask.<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}",
    f"\n</think>\n\n{ANSWER}",
    f"Okay, let me think.\r\n</think>\r\n\r\n{ANSWER}",
    f"- What is a queue?\n- A line\n</think>\n\n{ANSWER}",
    f'They say "queue" (a line) and `q`.\n\n~~~\n"q\n\n(\n~~~\n\nThe doc is """a line""".\n</think>\n\n{ANSWER}',
]
KEPT = [
    "The code <think>hm</think> adds two numbers.",
    "Models write `</think>` when they are done.",
    'It splits at "</think>" and takes the rest.',
    "It splits at ('</think>') and takes the rest.",
    "Write </think> to end it.",
    "It ends with </think>",
    "```python\nmarks = '''\n</think>\n'''\n```\nThat is all.",
    "<b>bold</b> and a[0] < b",
    "<thinker>x</thinker>",
    "[THIN] x [/THIN]",
    "A template ends them like so:\n\n    </think>\n\nand then the answer follows.",
    "A template ends them like so:\n\n</think>\n\nThen the answer follows.",
    "A template ends them like so:\n</think>\n\nThen the answer follows.",
    "All their thoughts come first.\n\n</think>\n\nThen the answer follows.",
    "The thought of such a model is closed by\n</think>, and what follows is the answer.",
    "The thought of such a model is closed by\n</think> and what follows is the answer.",
    "The thought of such a model is closed by\n</think>\n\nand what follows is the answer.",
    "The thought of such a model is closed by\n</think>\nWhat follows is the answer.",
    "All thoughts come first.\n</think>\nis what stands then.",
    "Write this at the end.\n</think>",
    "Write this at the end.\n</think>\n\n",
    "</think> ends a thought.",
    "Okay, let me think. </think>\nSo it ends.",
    "Okay, let me think.</think> So it ends.",
    "Okay, let me think.</think>so it ends.",
    "The end marks are:\n\n- DeepSeek:\n  </think>\n- Mistral:\n  [/THINK]\n",
    "1. It thinks.</think>It speaks.",
    "- It thinks.</think>It speaks.",
    "+ It thinks.</think>It speaks.",
    "  It thinks.</think>It speaks.",
    "It thinks.\n\t</think>\n\nIt speaks.",
    "mark | text.</think>Text | end",
    "<td></think></td> is how the tag looks in a table.",
    "<pre>\nIt thinks.\n</think>\n\nIt speaks.\n</pre>",
    "<p>\nIt thinks.\n</think>\n</p>",
    "diff --git a/x b/x\n-It thinks.\n+</think>\n+new\n",
    "End tag: **</think>** ends it.",
    "> It thinks.\n>\n> </think>\n\nThat is all.",
    "> It thinks.\n</think>\n\nThat is all.",
    "Like so:\n\n~~~\nIt thinks.\n</think>\n\nIt speaks.\n~~~\n",
    "Like so:\n\n````\n```\nIt thinks.\n```\n</think>\n\nIt speaks.\n````\n",
    '"""Strip thoughts.\n\nIt thinks.\n</think>\n\nIt speaks.\n"""\nimport re\n',
    "X = '''\nIt thinks.\n</think>\n\nIt speaks.\n'''\n",
    "const x = `\nIt thinks.\n\nIt does.\n</think>\n\nIt speaks.`\n",
    'It says "so.\n</think>\n\nIt speaks", and that is all.',
    "It says (so.\n</think>\n\nIt speaks) and that is all.",
    "It says «so.\n</think>\n\nIt speaks» and that is all.",
    "Models say </think> first.\n</think>\n\nThat is all.",
    "It is followed by\n<|channel|>final<|message|>\nas a rule.",
    "First <think>\nit thinks\n</think>\nthen it speaks.",
    "<",
    "x <|channel|>analysis",
]


def untagged(parts: Sequence[str], prompt: str = "") -> str:
    tags = ThinkTags(prompt)
    events: list[StreamEvent] = [event for part in parts for event in tags.feed(part)]
    return shown([*events, *tags.end()])


def shown(events: Sequence[StreamEvent]) -> str:
    """What stands on the screen in the end."""
    text = ""
    for event in events:
        if isinstance(event, Content):
            assert event.text
            text += event.text
        elif isinstance(event, Retracted):
            assert text, "nothing was there to be called back"
            text = ""
        else:
            assert isinstance(event, Thought)
    return text


def cut(text: str, dice: random.Random) -> list[str]:
    at = sorted(dice.randrange(len(text) + 1) for _ in range(dice.randint(0, 12)))
    return [text[a:b] for a, b in zip([0, *at], [*at, len(text)], strict=True)]


@pytest.mark.parametrize("text", THOUGHT)
def test_thoughts_are_taken_out_however_they_are_marked_and_cut(text: str) -> None:
    dice = random.Random(3)
    assert untagged([text]) == ANSWER
    assert untagged(list(text)) == ANSWER
    for _ in range(100):
        assert untagged(cut(text, dice)) == ANSWER


@pytest.mark.parametrize("text", KEPT)
def test_what_an_answer_says_of_tags_stays_however_it_is_cut(text: str) -> None:
    dice = random.Random(4)
    assert untagged([text]) == text
    assert untagged(list(text)) == text
    for _ in range(100):
        assert untagged(cut(text, dice)) == text


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Shorten <reasoning>a, b</reasoning>", "<reasoning>a</reasoning>"),
        ("What ends a <think> block?", "This does.\n</think>\nNothing else."),
        ("What ends a [THINK] block?", "This does.\n</think>\n\nNothing else."),
        ("Add a line after `</think>`.", "x\n</think>\n\nX"),
        ("Explain <|channel|>.", "They ask.<|end|><|channel|>final<|message|>We say."),
    ],
)
def test_tags_the_prompt_is_about_are_the_answer_s_own(prompt: str, text: str) -> None:
    assert untagged(list(text), prompt) == text
    assert untagged(list(text)) != text


def test_a_model_that_is_asked_about_thinking_may_still_think() -> None:
    assert untagged([f"<think>Hm.</think>{ANSWER}"], "What is <think>?") == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "<think>never ends",
        "[THINK]never",
        "<|channel|>analysis<|message|>never",
        "<|start|>assistant",
    ],
)
def test_an_answer_that_is_all_thought_is_empty(text: str) -> None:
    assert untagged([text]).strip() == ""
    assert untagged(list(text)).strip() == ""


@pytest.mark.parametrize(
    "text",
    [
        "One.\n</think>\n\nTwo.\n</think>\n\nThree.",
        "<think>One.</think>Two.\n</think>\n\nThree.",
        HARMONY.replace(ANSWER, "Two.\n</think>\n\nThree."),
    ],
)
def test_no_answer_is_taken_for_thought_after_a_thought(text: str) -> None:
    assert untagged([text]) == "Two.\n</think>\n\nThree."
    assert untagged(list(text)) == "Two.\n</think>\n\nThree."


def test_a_tag_before_white_space_that_goes_on_calls_nothing_back() -> None:
    text = "It thinks.\n</think>" + "\n" * (BLANK + 1) + ANSWER
    assert untagged([text]) == text
    assert untagged(list(text)) == text


def test_white_space_that_goes_on_is_still_passed_on() -> None:
    tags = ThinkTags()
    assert shown(list(tags.feed(" " * (BLANK + 1)))) == " " * (BLANK + 1)


def test_only_what_might_be_a_tag_is_held_back() -> None:
    tags = ThinkTags()
    said = [shown(list(tags.feed(piece))) for piece in ("A queue ", "is <", "b> a </th", "e> line")]
    assert said == ["A queue ", "is ", "<b> a ", "</the> line"]


LATE = ("Okay, let me think of what they want to know.\nIt is a queue.", "\n</think>\n\n", ANSWER)


def whole(events: Sequence[StreamEvent]) -> str:
    assert isinstance(events[-1], Finished)
    return shown(events[1:-1])


@pytest.mark.parametrize(("asked", "text"), [("What is a queue?", ANSWER), ("Why </think>?", "".join(LATE))])
async def test_every_protocol_calls_back_what_was_thought(asked: str, text: str) -> None:
    native = b"".join(b'{"message":%s,"done":false}\n' % _content(piece) for piece in LATE) + b'{"done":true}\n'
    events = sse(*(delta(piece) for piece in LATE), delta("", "stop"))
    pieces = b"".join(claude.delta("text_delta", piece) for piece in LATE)
    said = claude.START + claude.BLOCK + pieces + claude.STOP + claude.ending()
    async with serving(Script([native]), Script([events]), claude.streamed(said)) as server:
        assert whole(await heard(Ollama(), question(ollama(server.url), asked))) == text
        assert whole(await heard(openai(), question(compatible(server.url), asked))) == text
        found = await heard(claude.keyed(), question(claude.model(server.url), asked))
        assert whole(found) == text


def _content(piece: str) -> bytes:
    return b'{"content":"%s"}' % piece.replace("\n", "\\n").encode()
