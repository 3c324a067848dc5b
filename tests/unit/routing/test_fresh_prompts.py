"""Prompts that were written without a look at the lists of words, and where the shipped rules send them."""

from __future__ import annotations

import pytest
from tests.unit.routing.test_classification import decided

SMALL = """
no need for an in-depth analysis, just a quick fix
add type hints to this function and don't go in depth
keine ausführliche Analyse, nur kurz: was ist null?
pas besoin d'une analyse approfondie, juste la réponse
no hace falta un análisis detallado, dime solo el comando
não preciso de uma análise detalhada, só o comando
不用深入分析,直接告诉我命令
詳細な分析は不要、コマンドだけ教えて
run without a full review of the logs
what does the prove command do
write a test for prove()
git commit -m 'prove it'
def prove(x): what does it return?
What does git bisect prove about commits
synonym for prove
system design tokens
Systemdesign-Tokens für CSS
设计系统 token css
「証明して」を英語に翻訳して
Summarise this article in three sentences
translate "prove it" into French
what does prove() return in this library
rename the function prove to verify
how do I run prove from the command line
write a docstring for the class Prover
git log --grep='prove'
def design_system(): pass  # what does this do
class Proof(Base): what is this for?
explain this stack trace
fix the typo in "trade-offs"
give me a synonym for analyse
what is a proof of work
explain what the design system tokens are for
write a regex for email addresses
Format this as a markdown table
import proof from './proof' fails, why
what's the meaning of "in depth"
add a unit test for compare()
make a json of these key value pairs
proofread this paragraph
what does the analyze flag do in postgres
list files changed in the last commit
shorten this sentence please
npm run prove does not work
Fasse den Text zusammen
Übersetze das ins Englische
Was macht der Befehl prove?
Was bedeutet "beweisen" auf Englisch?
Benenne die Funktion beweise in pruefe um
Erkläre mir diesen Fehler
Korrigiere die Rechtschreibung
Ein Synonym für analysieren
Schreib eine Commit-Nachricht
Wie heißt die Hauptstadt von Frankreich?
Schreibe einen Test für vergleiche()
Wandle die Liste in JSON um
Résume ce texte
Traduis cette phrase en anglais
Que fait la commande prove ?
Que veut dire "prouver" ?
Renomme la fonction analyse
Corrige l'orthographe de ce paragraphe
Donne un synonyme de démontrer
Explique ce code
Écris un test pour compare()
Mets ces données en JSON
Resume este texto
Traduce esto al inglés
¿Qué hace el comando prove?
¿Qué significa "demostrar"?
Renombra la función demuestra
Corrige la ortografía
Un sinónimo de analizar
Explica este error
Escribe una prueba unitaria para compara()
Convierte esto a JSON
Resuma este texto
Traduza isto para inglês
O que faz o comando prove?
O que significa "provar"?
Renomeie a função compara
Corrija a ortografia
Um sinónimo de analisar
Explique este erro
Escreva um teste para analisa()
Converta isto em JSON
总结这篇文章
把这句话翻译成英文
prove 命令是做什么的
"证明"用英语怎么说
把函数 analyze 重命名
改正错别字
分析的同义词是什么
解释一下这个错误
写一个提交信息
設計系統的顏色 token 怎麼用
この文章を要約して
「証明する」は英語で何と言いますか
prove コマンドは何をしますか
この文を英語に訳して
関数 analyze の名前を変更して
誤字を直して
分析の類義語は
このエラーを説明して
コミットメッセージを書いて
デザインシステムのトークンをCSSにして
what does git log --stat show
how do I use the compare function in lodash
explain this regex
what's a tradeoff in German
rename the Prover class
prove_it() raises a TypeError
why does make prove fail
remove the word "deeply" from this sentence
turn the following into bullet points
could you fix the spelling in the following text
what is the plural of analysis
give me a one-line summary
add type hints to analyze()
where is design_system defined
what time is it in Tokyo
write a haiku about autumn
sort this list alphabetically
proof of concept code for a login form
improve this function
how to undo the last commit
Was heißt "Abwägung" auf Englisch?
Erkläre mir kurz diese Zeile
Wie funktioniert der Befehl git stash?
Mach aus den Notizen Stichpunkte
Schreibe diesen Satz freundlicher
Verbessere die Formulierung
Was ist ein Beweisstück?
Kürze den Absatz
Liste die Dateien auf
Comment dit-on "preuve" en anglais ?
Reformule ce paragraphe
Explique cette ligne
Raccourcis ce texte
Que fait cette fonction ?
Écris un message de commit
Trie cette liste
¿Cómo se dice "prueba" en inglés?
Reformula este párrafo
Explica esta línea
Acorta el texto
¿Qué hace esta función?
Escribe un mensaje de commit
Ordena esta lista
Como se diz "prova" em inglês?
Reformule este parágrafo
Explique esta linha
Encurte o texto
O que faz esta função?
Escreva uma mensagem de commit
Ordene esta lista
把这段话改写得更礼貌
解释这一行
缩短这段文字
这个函数做什么
帮我写提交信息
给这个列表排序
“分析”是什么意思
翻譯這句話
この段落を書き直して
この行を説明して
文章を短くして
この関数は何をしますか
コミットメッセージをお願いします
リストを並べ替えて
「分析」とはどういう意味ですか
証明写真のサイズは
I can't remember what prove does in Perl
the prove function returns None
explain the prove command
make prove: No rule to make target
Que compromissos tenho amanhã?
¿Qué compromisos tengo mañana?
run prove -lv t/ and tell me what the output means
Comment appelle-t-on un compromis en anglais ?
which test does prove run first
what's "trade-off" in Spanish?
"""
CLOUD = """
revisa a arquitetura desse projeto
comment tu concevrais une plateforme de paiement ?
怎么设计一个分布式限流器
is this lock-free queue linearizable? give a rigorous argument
please do a thorough security audit of this module
weigh up monolith vs microservices for a 5 person team
think hard about whether this migration can lose data
詳細な分析が必要です
¿Cuáles son los compromisos?
Quais os compromissos?
Que compromissos existem?
Quels sont les pour et les contre ?
Was sind die Abwägungen?
Abwägungen erläutern
Analysier das mal gründlich
Analysiere diesen Code bis ins Detail
Prüf die Architektur
Beweist das
Disprove this conjecture
Analyse the following in great depth
システムを設計する
Please prove that the sum of two odd numbers is even
Can you prove this theorem for me?
I need you to prove that quicksort terminates
Analyse this module in detail and tell me what could go wrong
Take a really deep look at this code and analyze its failure modes
Give me an in-depth analysis of our caching strategy
Think through every option we have for the migration and compare them
What are the trade-offs of event sourcing versus CRUD?
Weigh the pros and cons of monorepos
Refute this claim: every continuous function is differentiable
Disprove that all primes are odd
Design a distributed rate limiter for us
How would you architect a chat system for 10 million users?
Review our architecture and point out weaknesses
Write a comprehensive report on the incident
Compare all the approaches for pagination in our API
Do a rigorous analysis of the algorithm's running time
Investigate thoroughly why the deploy failed
Beweise, dass die Wurzel aus 2 irrational ist
Kannst du bitte beweisen, dass dieser Algorithmus terminiert?
Widerlege diese Behauptung
Analysiere den Code gründlich
Analysier mir das mal bis ins kleinste Detail
Was sind die Vor- und Nachteile von Microservices?
Vergleiche alle Optionen für die Datenbank
Welche Abwägungen gibt es bei Caching?
Entwirf ein skalierbares System für Benachrichtigungen
Bewerte unsere Architektur
Schau dir die Architektur an und sag, was schlecht ist
Schreibe einen ausführlichen Bericht über den Ausfall
Wäge die Alternativen gegeneinander ab
Untersuche das genau und in aller Tiefe
Démontre que la somme des angles d'un triangle fait 180 degrés
Peux-tu prouver ce théorème ?
Analyse ce code en profondeur
Quels sont les avantages et les inconvénients de cette approche ?
Compare toutes les options pour la base de données
Conçois un système de notification distribué
Passe en revue notre architecture
Réfute cette affirmation
Rédige un rapport détaillé sur l'incident
Quels sont les compromis entre latence et débit ?
Pèse le pour et le contre de cette migration
Examine ce module de fond en comble
Demuestra que hay infinitos números primos
¿Puedes demostrar este teorema?
Refuta esta afirmación
Analiza este código a fondo
¿Cuáles son las ventajas y desventajas de usar GraphQL?
Compara todas las alternativas de almacenamiento
Diseña un sistema distribuido de colas
Revisa la arquitectura del proyecto
Escribe un informe detallado del fallo
¿Qué compromisos implica este diseño?
Sopesa los pros y los contras
Examina esto con todo detalle
Prove que a raiz de 2 é irracional
Demonstre que o algoritmo termina
Refute esta afirmação
Analise este código a fundo
Quais são as vantagens e desvantagens do NoSQL?
Compare todas as opções de cache
Projete um sistema de notificações escalável
Revise a arquitetura do projeto
Escreva um relatório detalhado sobre a falha
Quais são os compromissos deste desenho?
Pondere os prós e os contras
Examine isto minuciosamente
证明根号2是无理数
请证明这个算法会终止
反驳这个说法
深入分析这段代码
微服务有哪些优缺点?
比较所有缓存方案
设计一个分布式消息系统
评审我们的架构
写一份详细的事故报告
這個設計有哪些取捨?
2の平方根が無理数であることを証明して
このアルゴリズムが停止することを証明できますか
この主張に反論して
このコードを徹底的に分析して
マイクロサービスのメリットとデメリットは何ですか
キャッシュの選択肢をすべて比較して
通知システムを設計してください
アーキテクチャをレビューして
障害についての詳細なレポートを書いて
この設計のトレードオフを教えて
prove by induction that the loop invariant holds
I'd like a proof that this lock is deadlock free
Is it true that P implies Q here? Prove or disprove.
Evaluate the architecture of this service and suggest improvements
Analyse the root cause of this crash in detail
Which of these approaches is best? Weigh them against each other.
What are the advantages and disadvantages of Rust over Go?
Do a deep dive into how the scheduler works
Come up with a system design for a video streaming platform
Can you critically review the design of this API?
Explain in depth how Raft handles leader election
Draft a thorough report on our test coverage
Compare the different options for state management
Discuss the trade-offs between consistency and availability
Zeige, dass jede konvergente Folge beschränkt ist
Beweise mir, dass das Programm hält
Gib mir einen Beweis für den Satz des Pythagoras
Stell die Optionen gegenüber
Was spricht für und was gegen Kubernetes?
Analysiere bitte die Ursachen im Detail
Begutachte unsere Systemarchitektur kritisch
Entwerfe eine Architektur für einen Onlineshop
Prüfe diesen Vertrag gründlich
Welche Vor- und Nachteile hat Redis?
Prouve que la suite converge
Donne une démonstration du théorème de Thalès
Fais une analyse approfondie de ce module
Évalue l'architecture de notre application
Explique en détail le fonctionnement du ramasse-miettes
Quels sont les avantages et inconvénients de Docker ?
Compare les différentes approches de cache
Concevez une architecture pour une messagerie
Prueba que la suma es conmutativa por inducción
Dame una demostración del teorema
Haz un análisis exhaustivo de este módulo
Evalúa la arquitectura de la aplicación
Explica en detalle cómo funciona el recolector de basura
¿Qué ventajas y desventajas tiene Docker?
Compara las distintas opciones de caché
Diseña la arquitectura de una mensajería
Prova que a soma é comutativa
Dê uma demonstração do teorema
Faça uma análise aprofundada deste módulo
Avalie a arquitetura da aplicação
Explique em detalhe como funciona o coletor de lixo
Que vantagens e desvantagens tem o Docker?
Compare as diferentes opções de cache
Desenhe a arquitetura de um sistema de mensagens
用归纳法证明这个公式
给出勾股定理的证明
对这个模块做深入分析
评估我们系统的架构
详细分析垃圾回收的原理
Docker 的优缺点是什么
对比不同的缓存方案
設計一個訊息系統的架構
請證明這個命題
帰納法で証明してください
三平方の定理の証明を書いて
このモジュールを詳細に分析してください
アプリのアーキテクチャを評価して
Dockerの利点と欠点を教えて
キャッシュ方式を比較検討して
メッセージングシステムの設計を考えて
この定理を証明せよ
What I need you to prove is that the function terminates
prove function f is injective
prove step by step that e is irrational
Prove Cauchy-Schwarz
prove n! > 2^n for n >= 4
Help me to prove this
How can I prove that my scheduler is fair?
let's prove correctness of the merge
Design a caching layer for our API and discuss trade-offs
Think it through: which database should we take?
"""


@pytest.mark.parametrize("prompt", SMALL.strip().split("\n"))
def test_no_word_of_it_is_taken_for_an_asking_for_depth(prompt: str) -> None:
    assert decided(prompt).tier == "small", decided(prompt).why


@pytest.mark.parametrize("prompt", CLOUD.strip().split("\n"))
def test_an_asking_for_depth_is_heard(prompt: str) -> None:
    assert decided(prompt).tier == "cloud", decided(prompt).why
