"""Where the shipped rules send what people write: ten prompts for each tier in each language, and near misses.

The rules and words are the ones that ship, read from their files.
"""

from __future__ import annotations

from functools import cache

import pytest

from rung.routing import prefix
from rung.routing.decide import decide
from rung.routing.features import size
from rung.settings import cold
from rung.settings.values import Settings
from rung.types.decision import Decision
from rung.types.features import Features

SMALL = {
    "en": [
        "Summarise this thread in three sentences",
        "Could you please summarize the discussion below?",
        "Translate the following paragraph into French",
        "Convert this table to CSV",
        "Rewrite this so that it sounds friendlier",
        "Simplify the wording, please",
        "Expand this into a full paragraph",
        "Write a commit message for these changes",
        "Fix the grammar in my answer",
        "give me a regex that matches ISO dates",
        "Explain this",
        "as bullet points please",
        "Turn it into Markdown",
        "Format as JSON",
        "TL;DR?",
    ],
    "de": [
        "Fass den Text bitte in drei Sätzen zusammen",
        "Kannst du das zusammenfassen?",
        "Übersetze den folgenden Absatz ins Englische",
        "Bitte uebersetzen: guten Morgen",
        "Formuliere das um, es klingt zu hart",
        "Konvertiere die Tabelle nach CSV",
        "Vereinfache den Satz",
        "Schreib eine Commit-Nachricht dafür",
        "Korrigiere bitte die Grammatik und die Rechtschreibung",
        "Erklär mir diesen Code",
        "Mach Stichpunkte daraus",
        "Ich brauche einen regulären Ausdruck für Postleitzahlen",
    ],
    "fr": [
        "Résume ce texte en trois phrases",
        "Peux-tu résumer la discussion ?",
        "Traduis le paragraphe suivant en anglais",
        "Pouvez-vous traduire ceci ?",
        "Convertis ce tableau en CSV",
        "Reformule cette phrase, s'il te plaît",
        "Simplifiez ce paragraphe",
        "Corrige l'orthographe et la grammaire",
        "Écris un message de commit pour ces changements",
        "Explique-moi ce code",
        "Donne-moi une expression régulière pour les dates",
        "Fais-en une liste à puces",
    ],
    "es": [
        "Resume este texto en tres frases",
        "¿Puedes resumir la conversación?",
        "Traduce el siguiente párrafo al inglés",
        "Tradúcelo al francés",
        "Convierte esta tabla a CSV",
        "Reescribe este párrafo con un tono más amable",
        "Simplifica la frase",
        "Corrige la gramática y la ortografía",
        "Escribe un mensaje de commit para estos cambios",
        "Explícame este código",
        "Necesito una expresión regular para fechas",
        "Ponlo con viñetas",
    ],
    "pt": [
        "Resuma este texto em três frases",
        "Você pode resumir a conversa?",
        "Traduza o parágrafo seguinte para inglês",
        "Converta esta tabela para CSV",
        "Reescreva este parágrafo de forma mais simpática",
        "Simplifique a frase",
        "Corrija a gramática e a ortografia",
        "Escreva uma mensagem de commit para estas alterações",
        "Explique este código",
        "Preciso de uma expressão regular para datas",
        "Formate a lista em tópicos",
    ],
    "zh": [
        "请帮我总结一下这篇文章",
        "把下面这段话翻译成英文",
        "請翻譯這段文字",
        "将这个表格转换成 CSV",
        "帮我改写这句话,语气友好一点",
        "把这段话简化一下",
        "帮我润色这封邮件",
        "写一条提交信息",
        "修正这段话的语法错误",
        "解释一下这段代码",
        "写一个匹配日期的正则表达式",
        "请列出要点",
    ],
    "ja": [
        "この記事を三行で要約してください",
        "次の段落を英語に翻訳して",
        "これを日本語に訳してください",
        "この表をCSVに変換してください",
        "この文をもっと丁寧に書き直してください",
        "文章を短くして",
        "文法の誤りを直してください",
        "コミットメッセージを書いて",
        "このコードを簡単に説明して",
        "日付に一致する正規表現を教えて",
        "箇条書きにしてください",
        "議事録を短くまとめてください",
    ],
}

CLOUD = {
    "en": [
        "Analyse the authentication module in depth",
        "Please give me an in-depth analysis of our caching",
        "Prove that the algorithm terminates",
        "Proving it by hand is hard; can you?",
        "Compare all options for storing sessions",
        "Compare the different approaches to sharding",
        "Review this architecture",
        "Could you review our overall architecture and tell me what breaks first?",
        "Design a system that handles ten million events a day",
        "What are the trade-offs?",
        "what are the tradeoffs between Raft and Paxos",
        "Write a detailed report on the outage",
        "write me a detailed technical report",
        "Write a detailed technical report",
        "List the pros and cons of event sourcing",
    ],
    "de": [
        "Analysiere das Modul für die Anmeldung gründlich",
        "Wir brauchen eine ausführliche Analyse des Fehlers",
        "Beweise, dass der Algorithmus terminiert",
        "Lässt sich das beweisen?",
        "Vergleiche alle Möglichkeiten, Sitzungen zu speichern",
        "Kannst du die verschiedenen Ansätze vergleichen?",
        "Überprüfe diese Architektur",
        "Entwirf ein System für zehn Millionen Ereignisse am Tag",
        "Was sind die Vor- und Nachteile?",
        "Welche Zielkonflikte gibt es hier?",
        "Was sind die Kompromisse?",
        "Beweis bitte diese Behauptung",
        "Schreibe einen ausführlichen Bericht über den Ausfall",
        "Bitte die Systemarchitektur bewerten",
    ],
    "fr": [
        "Analyse le module d'authentification en profondeur",
        "Il nous faut une analyse approfondie de la panne",
        "Prouve que l'algorithme se termine",
        "Démontrez ce théorème",
        "Compare toutes les options pour stocker les sessions",
        "Comparez les différentes approches",
        "Évalue cette architecture",
        "Peux-tu passer en revue notre architecture ?",
        "Conçois un système qui traite dix millions d'événements par jour",
        "Quels sont les compromis ?",
        "Quels sont les avantages et les inconvénients ?",
        "Écris un rapport détaillé sur la panne",
    ],
    "es": [
        "Analiza el módulo de autenticación a fondo",
        "Necesitamos un análisis exhaustivo del fallo",
        "Demuestra que el algoritmo termina",
        "Hay que demostrar que es correcto",
        "Demuéstralo",
        "Compara todas las opciones para guardar las sesiones",
        "Comparar las distintas alternativas",
        "Revisa esta arquitectura",
        "Diseña un sistema que procese diez millones de eventos al día",
        "¿Cuáles son las ventajas y desventajas?",
        "¿Qué pros y contras tiene?",
        "Escribe un informe detallado sobre la caída",
        "Evalúa la arquitectura del servicio",
    ],
    "pt": [
        "Analise o módulo de autenticação em profundidade",
        "Precisamos de uma análise aprofundada da falha",
        "Prove que o algoritmo termina",
        "Demonstre que está correto",
        "Compare todas as opções para guardar as sessões",
        "Comparar as diferentes abordagens",
        "Revise esta arquitetura",
        "Projete um sistema que processe dez milhões de eventos por dia",
        "Quais são as vantagens e as desvantagens?",
        "Quais são os prós e os contras?",
        "Escreva um relatório detalhado sobre a queda",
        "Avalie a arquitetura do serviço",
    ],
    "zh": [
        "深入分析这个认证模块",
        "請深入地分析這個問題",
        "请证明这个算法一定会终止",
        "证明下面的定理",
        "比较所有存储会话的方案",
        "对比一下这几种方法",
        "评审一下这个架构",
        "帮我设计一个每天处理一千万事件的系统",
        "设计一套消息系统",
        "这里有哪些取舍?",
        "各有什么优缺点?",
        "写一份关于故障的详细报告",
    ],
    "ja": [
        "認証モジュールを詳しく分析してください",
        "この障害を徹底的に分析して",
        "このアルゴリズムが停止することを証明してください",
        "定理を証明せよ",
        "セッションを保存するすべての選択肢を比較してください",
        "各手法を比較検討して",
        "このアーキテクチャをレビューしてください",
        "一日に千万件のイベントを処理するシステムを設計してください",
        "トレードオフは何ですか",
        "メリットとデメリットを教えて",
        "障害について詳細なレポートを書いて",
        "もう少し掘り下げて考えて",
    ],
}

LARGE = [
    "[heavy] Refactor this module",
    "[large] Warum ist das langsam?",
    "[tier2] Pourquoi est-ce lent ?",
    "[Heavy] Escribe las pruebas",
    "[LARGE] Escreva os testes",
    "[heavy] 为什么这么慢",
    "[large] なぜ遅いのですか",
    "[tier2] summarise this",
    "[heavy] prove it",
    " [large]\nfix the flaky test",
    "[Tier2] was tut das?",
]

NEAR_MISSES = [
    ("improve this function", "small", "default"),
    ("reprove the student", "small", "default"),
    ("it reproves, disproves and approves nothing", "small", "default"),
    ("ask the provers in prover.py about prove_it", "small", "default"),
    ("run prove.py again", "small", "default"),
    ("format C:", "small", "rule"),
    ("How do I format C: safely, and what are the trade-offs?", "cloud", "rule"),
    ("Write a commit message about proving the theorem", "small", "rule"),
    ("a commit message, please: it proves the compiler correct", "small", "rule"),
    ("Translate to German: what are the trade-offs?", "small", "rule"),
    ("Summarise the detailed report", "small", "rule"),
    ("Fix the grammar: we designs a system and proves it", "small", "rule"),
    ("Prove that this regex never backtracks", "cloud", "rule"),
    ("Analyse our JSON API in depth", "cloud", "rule"),
    ("Here is a CSV file; compare all the options it lists", "cloud", "rule"),
    ("Explain this in depth", "cloud", "rule"),
    ("Should we rewrite our system in Rust? What are the trade-offs?", "cloud", "rule"),
    ("Design a system that converts CSV to JSON", "cloud", "rule"),
    ("Add a button to the design system", "small", "default"),
    ("Write a proof of concept", "small", "rule"),
    ("I have to prove my age on this form", "small", "rule"),
    ("You have to prove my theorem", "cloud", "rule"),
    ("Write the detailed view of a technical report", "small", "default"),
    ("Er geht ungern Kompromisse ein", "small", "default"),
    ("Der Beweis steht auf Seite drei", "small", "default"),
    ("Where is the architecture documented?", "small", "rule"),
    ("What information does the platform keep?", "small", "default"),
    ("The water is six feet in depth", "small", "default"),
    ("What trade do they work in?", "small", "default"),
    ("Review my resume", "small", "default"),
    ("Resume the download", "small", "default"),
    ("Gibt es Hinweise auf den Fehler?", "small", "default"),
    ("Überweise den Betrag", "small", "default"),
    ("Schreib Tests, um den Fehler zu finden", "small", "default"),
    ("Übersetze: Was sind die Vor- und Nachteile?", "small", "rule"),
    ("Elle approuve et éprouve", "small", "default"),
    ("Le compte est compromis", "small", "default"),
    ("Traduis : quels sont les compromis ?", "small", "rule"),
    ("Escribe una prueba unitaria", "small", "default"),
    ("Se aprueba el cambio", "small", "default"),
    ("A prova de carga falhou", "small", "default"),
    ("这是我的身份证明", "small", "rule"),
    ("把这份学历证明翻译成英文", "small", "rule"),
    ("请更新设计系统的按钮", "small", "rule"),
    ("SSL証明書の期限が切れた", "small", "default"),
    ("証明書を英語に翻訳してください", "small", "rule"),
    ("設計書はどこですか", "small", "default"),
    ("", "small", "default"),
]


@cache
def shipped() -> Settings:
    return cold.read(None, None)[0]


def decided(prompt: str, extra_tokens: int = 0) -> Decision:
    word, typed = prefix.split(prompt, shipped())
    features = Features(action="ask", typed=typed, tokens=size("ask", [typed]) + extra_tokens, prefix=word)
    return decide(features, shipped())


@pytest.mark.parametrize("prompt", [prompt for prompts in SMALL.values() for prompt in prompts])
def test_short_text_work_stays_small(prompt: str) -> None:
    decision = decided(prompt)
    assert (decision.tier, decision.by) == ("small", "rule")
    assert decision.rule in {"short text work stays small", "light work stays small"}


@pytest.mark.parametrize("prompt", [prompt for prompts in CLOUD.values() for prompt in prompts])
def test_depth_goes_to_the_cloud(prompt: str) -> None:
    decision = decided(prompt)
    assert (decision.tier, decision.rule) == ("cloud", "depth goes to the cloud")


@pytest.mark.parametrize("prompt", LARGE)
def test_the_large_tier_is_where_its_prefix_says(prompt: str) -> None:
    decision = decided(prompt)
    assert (decision.tier, decision.by) == ("large", "prefix")


@pytest.mark.parametrize(("prompt", "tier", "by"), NEAR_MISSES)
def test_near_misses_are_told_apart(prompt: str, tier: str, by: str) -> None:
    decision = decided(prompt)
    assert (decision.tier, decision.by) == (tier, by), decision.why


@pytest.mark.parametrize("prompts", [SMALL, CLOUD], ids=["small", "cloud"])
def test_every_language_that_ships_has_ten_samples(prompts: dict[str, list[str]]) -> None:
    from rung.settings import wordlists

    assert {path.stem for path in wordlists.files()} == set(prompts)
    assert all(len(set(samples)) >= 10 for samples in prompts.values())


@pytest.mark.parametrize(
    ("tokens", "tier"), [(7_000, "small"), (8_001, "cloud")], ids=["not over 8,000 tokens", "over 8,000 tokens"]
)
def test_only_a_long_prompt_goes_to_the_cloud_by_its_size(tokens: int, tier: str) -> None:
    assert decided("please have a look", tokens).tier == tier


def test_a_word_for_depth_in_the_attached_diff_does_not_count() -> None:
    diff = "+# prove that it terminates; what are the trade-offs?\n"
    features = Features(action="commit-message", typed="", tokens=size("commit-message", [diff]), paths=("prove.py",))
    decision = decide(features, shipped())
    assert (decision.tier, decision.rule) == ("small", "commit messages stay small")


def test_the_explanation_names_every_rule_and_the_word_that_decided() -> None:
    decision = decided("write a commit message about proving")
    assert [(trace.name, trace.matched) for trace in decision.rules] == [
        ("commit messages stay small", False),
        ("secrets never leave", False),
        ("long prompts go to the cloud", False),
        ("short text work stays small", True),
        ("depth goes to the cloud", True),
        ("light work stays small", False),
    ]
    whys = {trace.name: trace.why for trace in decision.rules}
    assert whys["short text work stays small"] == 'the prompt says "write ... commit message"'
    assert whys["depth goes to the cloud"] == 'the prompt says "proving"'
    first = decided("prove that you can translate it")
    assert first.rules[3].why == 'the prompt says "prove" before "translate"'
