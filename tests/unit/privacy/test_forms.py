"""Every form of token is found whatever stands before it on the line: a diff's sign is no part of it."""

from __future__ import annotations

import pytest
from tests.unit.privacy.cases import JWT, drawn

from rung.privacy import tokens
from rung.privacy.forms import FORMS, Row
from rung.privacy.redact import redact

BEFORE = ("", "+", "-", " ", "> ", "- ", ">> ", "++", "--", "  + ", "* ", "| ", "\t")
SAMPLES = (
    "«AKIA<16:U>»", "«ghp_<36:A>»", "«github_pat_<22:A>_<59:A>»", "«glpat-<20:W>»", "«xoxb-<12:D>-<12:D>-<24:A>»",
    "«xapp-1-A<10:U>-<13:D>-<64:H>»", "hooks.slack.com/services/«T<8:U>/B<8:U>/<24:A>»",
    "discord.com/api/webhooks/«<18:D>/<68:W>»", "«sk_live_<24:A>»", "«whsec_<32:A>»", "«sk-ant-api03-<93:W>AA»",
    "«sk-proj-<48:W>»", "«sk-<48:A>»", "«AIza<35:W>»", "«ya29.<60:W>»", "«GOCSPX-<28:W>»", "«npm_<36:A>»",
    "«pypi-AgEIcHlwaS5vcmc<80:W>»", "«rubygems_<48:H>»", "«cio<32:A>»", "«dckr_pat_<27:W>»", "«hf_<34:A>»",
    "«gsk_<52:A>»", "«xai-<80:A>»", "«pplx-<48:A>»", "«nvapi-<64:W>»", "«r8_<37:A>»", "«dop_v1_<64:H>»",
    "«shpat_<32:H>»", "«dapi<32:H>»", "«dp.pt.<43:A>»", "«hvs.<90:W>»", "«<14:A>.atlasv1.<64:W>»",
    "«lin_api_<40:A>»", "«ntn_<46:A>»", "«PMAK-<24:H>-<34:H>»", "«NRAK-<27:U>»", "«glsa_<32:A>_<8:H>»",
    "«sntrys_<100:A>»", "«ATATT3<180:A>»", "«figd_<40:W>»", "«sbp_<40:H>»", "«key-<32:H>»", "«<32:H>-us12»",
    "«<9:D>:AA<33:A>»", "bot«<9:D>:AA<33:A>»", "«pscale_tkn_<43:A>»", "«AGE-SECRET-KEY-1<58:U>»",
    "«tskey-auth-<12:A>-<32:A>»", "«sq0atp-<22:W>»", "«EAAA<60:A>»", "«EAACEdEose0cBA<80:A>»", "«sl.<130:A>»",
    "«pat<14:A>.<64:H>»", "«pul-<40:H>»", "«fm2_<120:B>»", "«M<25:A>.<6:A>.<38:A>»", "«s.A<23:A>»",
    "«<76:A>AZDO<4:A>»", "«eyJhdXRocyI6<60:A>=»", "«$2b$12$KIXQ9Zl8HqJZimcKQFAMYuBlzkrAq7rx3P3InaxBeoomnAihCKRV»",
    "AccountKey=«<86:A>==»", "sig=«<43:A>%3D»", "Bearer «<40:A>»", "Authorization: Basic «<28:A>»", f"«{JWT}»",
)  # fmt: skip
"""At least one for every form."""
THEIRS = (
    "«A3TX<16:U>»", "«AKCp5<60:A>»", "«APB7<40:A>»", "«GR1348941<20:A>»", "«glimt-<25:A>»",
    "«sk-<20:A>T3BlbkFJ<20:A>»", "«SG.<22:A>.<43:A>»", "«sq0csp-<43:A>»", "«AC<32:H>»", "«SK<32:H>»",
)  # fmt: skip
"""Forms of detect-secrets alone."""


def sample_of(row: Row) -> tuple[str, str]:
    """A line that this form finds, and the secret in it."""
    for template in SAMPLES:
        line, secret = drawn(template)
        match = row.pattern.search(line)
        if match and match["secret" if "secret" in row.pattern.groupindex else 0] == secret:
            return line, secret
    raise AssertionError(f"no sample for {row.form}")


@pytest.mark.parametrize("row", FORMS, ids=lambda row: f"{row.kind}:{row.form[17:40]}")
def test_a_form_is_found_behind_whatever_begins_a_line(row: Row) -> None:
    line, secret = sample_of(row)
    for before in BEFORE:
        text = f"first\n{before}{line}\nlast\n"
        match = row.pattern.search(text)
        assert match, before
        assert match["secret" if "secret" in row.pattern.groupindex else 0] == secret
        head, _, tail = text.partition(secret)
        clean = redact(text).text
        assert clean.startswith(f"{head}[redacted-"), before
        assert clean.endswith(f"-1]{tail}"), before


@pytest.mark.parametrize("template", THEIRS)
def test_a_form_of_detect_secrets_is_found_there_too(template: str) -> None:
    line, secret = drawn(template)
    for before in BEFORE:
        text = f"first\n{before}{line}\nlast\n"
        assert text.index(secret) in [found.start for found in tokens.find(text)], before
        assert secret not in redact(text).text, before


@pytest.mark.parametrize(
    "text",
    [
        "aGVsbG8_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLW5vdGhpbmc",
        "this.s.toLocaleUpperCase2AndMore items-s.A2bcdefghijklmnopqrstuvw",
        "iVBORw0KGgo/EAAAfQ8dWmM2aZ4TqLkXv1cRb7YhJp9NsGo3UeKi6WtBzCxVnMaSdFgHjKlP0",
    ],
)
def test_what_goes_on_before_it_is_no_token(text: str) -> None:
    assert redact(text).text == text
