"""Every form of token is found whatever stands before it on the line: a diff's sign is no part of it."""

from __future__ import annotations

import pytest
from tests.unit.privacy.cases import JWT, drawn

from rung.privacy import tokens
from rung.privacy.forms import FORMS, Row
from rung.privacy.redact import redact

UUID = "<8:H>-<4:H>-4<3:H>-<4:H>-<12:H>"
BEFORE = ("", "+", "-", " ", "> ", "- ", ">> ", "++", "--", "  + ", "* ", "| ", "\t")
SAMPLES = (
    "«AKIA<16:U>»", "«ghp_<36:A>»", "«github_pat_<22:A>_<59:A>»", "«glpat-<20:W>»", "«xoxb-<12:D>-<12:D>-<24:A>»",
    "«xapp-1-A<10:U>-<13:D>-<64:H>»", "hooks.slack.com/services/«T<8:U>/B<8:U>/<24:A>»",
    "discord.com/api/webhooks/«<18:D>/<68:W>»", "«sk_live_<24:A>»", "«whsec_<32:A>»", "«sk-ant-api03-<93:W>AA»",
    "«sk-proj-<48:W>»", "«sk-<48:A>»", "«AIza<35:W>»", "«ya29.<60:W>»", "«GOCSPX-<28:W>»", "«npm_<36:A>»",
    "«pypi-AgEIcHlwaS5vcmc<80:W>»", "«rubygems_<48:H>»", "«cio<32:A>»", "«dckr_pat_<27:W>»", "«hf_<34:A>»",
    "«gsk_<52:A>»", "«xai-<80:A>»", "«pplx-<48:A>»", "«nvapi-<64:W>»", "«r8_<37:A>»", "«dop_v1_<64:H>»",
    "«shpat_<32:H>»", "«dapi<32:H>»", "«dp.pt.<43:A>»", "«hvs.<90:W>»", "«<14:A>.atlasv1.<64:W>»", "«lin_api_<40:A>»",
    "«ntn_<46:A>»", "«PMAK-<24:H>-<34:H>»", "«NRAK-<27:U>»", "«glsa_<32:A>_<8:H>»", "«sntrys_<100:A>»",
    "«ATATT3<180:A>»", "«figd_<40:W>»", "«sbp_<40:H>»", "«key-<32:H>»", "«<32:H>-us12»", "«<9:D>:AA<33:A>»",
    "bot«<9:D>:AA<33:A>»", "«pscale_tkn_<43:A>»", "«AGE-SECRET-KEY-1<58:U>»", "«tskey-auth-<12:A>-<32:A>»",
    "«sq0atp-<22:W>»", "«EAAA<60:A>»", "«EAACEdEose0cBA<80:A>»", "«sl.<130:A>»", "«pat<14:A>.<64:H>»", "«pul-<40:H>»",
    "«fm2_<120:B>»", "«M<25:A>.<6:A>.<38:A>»", "«s.A<23:A>»", "«<76:A>AZDO<4:A>»", "«eyJhdXRocyI6<60:A>=»",
    "«$2b$12$KIXQ9Zl8HqJZimcKQFAMYuBlzkrAq7rx3P3InaxBeoomnAihCKRV»", "AccountKey=«<86:A>==»", "sig=«<43:A>%3D»",
    "X-Amz-SignedHeaders=host&X-Amz-Signature=«<64:H>»",
    "Bearer «<40:A>»", "Authorization: Basic «<28:A>»", f"«{JWT}»", "«<3:A>8Q~<34:A>»", "«<76:A>+ASt<6:A>==»",
    "«1//0<60:W>»", "«ABSK<128:A>»", "«fo1_<43:W>»", "«CCIPAT_<22:A>_<40:H>»", "«HRKU-AA<58:W>»", "«nfp_<36:A>»",
    "«sqp_<40:H>»", "«sqco_<59:A>»", "«lsv2_pt_<32:H>_<10:H>»", "«pcsk_<6:A>_<63:A>»", "«dt0c01.<24:U>.<64:U>»",
    "«CFPAT-<43:W>»", "«EZAK<54:A>»", "«FLWSECK-<32:L>-X»", f"«access-production-{UUID}»", f"«sdk-{UUID}»",
    "«sgp_<64:A>»", "«sgp_local_<40:H>»", "«bkua_<40:L>»", "«pnu_<36:A>»", "«CLOJARS_<60:L>»", "«oy2<43:L>»",
    "«ops_eyJ<250:A>»", "«A3-<6:U>-<6:U>-<5:U>-<5:U>-<5:U>-<5:U>»", f"«amzn.mws.{UUID}»",
    "«access_token$production$<16:L>$<32:H>»", "«ico-<32:A>»", "«1/<16:D>:<32:H>»", "«live_<35:H>»",
    '{"username":"me","key":"«<32:H>»"}', "«KGAT_<32:H>»", "«rzp_live_<14:A>»", 'Client("rzp_test_<14:A>", "«<24:A>»',
    "«<32:H>-<8:H>-<8:H>»", "«dG9rO<55:A>=»", "«ATBB<32:A>»", f"«pat-na1-{UUID}»", "«sha256~<43:W>»",
    "«SWMTKN-1-<50:L>-<25:L>»", "«v1.0-<24:H>-<146:H>»", "«cfut_<40:A><8:H>»", "«AKCp5<68:A>»", "«cmVmdGtu<56:A>»",
    "«xkeysib-<64:H>-<16:A>»", "«shippo_live_<40:H>»", "«duffel_test_<43:W>»", "«tfp_<59:A>»", "«phx_<43:A>»",
    "«apify_api_<36:A>»", "«rdme_<70:L>»", "«<6:A>_<29:A>_mmk»", "«sk.eyJ<60:A>.<22:A>»", "«NRII-<32:A>»",
    "«API-<26:U>»", "«pat.<22:A>.<24:A>.<20:A>»", "«LTAI<20:A>»", "«napi_<64:L>»", "«tgp_v1_<43:W>»",
    "«re_<8:A>_<24:A>»", f"webhook.office.com/webhookb2/«{UUID}@{UUID}/IncomingWebhook/<32:H>/{UUID}»",
    "«xprv9s21<103:A>»", "«RWRTY0Iy<212:B>»", "«<36:H>NRAL»", "hooks.zapier.com/hooks/catch/«<7:D>/<7:A>»",
)  # fmt: skip
"""At least one for every form."""
MORE = (
    "«HRKU-<8:H>-<4:H>-<4:H>-<4:H>-<12:H>»", "AZURE=«<3:W>8Q~<31:A>»;", 'key: "«.ab7Q~<34:W>»",',
    "«CCIPRJ_<22:A>_<40:H>»", "«squ_<40:H>»", "«sqa_<40:H>»", "«lsv2_sk_<32:H>_<10:H>»", "«EZTK<54:A>»",
    "«FLWSECK_TEST-<32:L>-X»", f"«access-sandbox-{UUID}»", f"«api-{UUID}»", "«2/<16:D>/<16:D>:<32:H>»",
    "«test_<35:H>»", "«sk_prod_<24:A>»", '{"username": "me", "key": "«<32:H>»"}',
    r"{\"username\":\"me\",\"key\":\"«<32:H>»\"}", "curl -u rzp_live_<14:A>:«<24:A>» https://api.razorpay.com",
    "«eu01xx<30:H>NRAL»", "&X-Goog-Signature=«<512:H>»", "?Expires=1&Signature=«<340:W>»&Key-Pair-Id=K1",
    "&Expires=1&Signature=«<27:A>%3D»", "SignedHeaders=host, Signature=«<64:H>»", "&q-signature=«<40:H>»",
)  # fmt: skip
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
        _, _, tail = text.partition(secret)
        clean = redact(text).text
        assert clean.startswith(f"first\n{before}{line.partition(secret)[0][:8]}"), before
        assert secret not in clean, before
        assert clean.endswith(f"]{tail}"), before


@pytest.mark.parametrize("template", MORE)
def test_other_ways_to_write_such_a_token_are_found_and_it_goes_whole(template: str) -> None:
    line, secret = drawn(template)
    for before in BEFORE:
        clean = redact(f"first\n{before}{line}\nlast\n").text
        assert secret not in clean, before
        assert clean.startswith(f"first\n{before}"), before
        assert clean.endswith(f"]{line.partition(secret)[2]}\nlast\n"), before


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
        "https://host.example/1//0abc/def and a/1//0",
        "the sdk-3f2a9c41 of api-gateway-7d9c5b6f4-x2k8q in pat-na1",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "uuid 3f2a9c41-7b1d-4e55-9a0e-8c1f2d3e4b5a, 3f2a9c417b1d4e559a0e8c1f2d3e4b5a-3f2a9c41",
        "test_deadbeef live_stream_of_the_whole_conference_2024 ico-chevron-down-small",
        "API-REFERENCE-OF-THE-WHOLE-THING API-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        'user = {"username": "me", "key": "value", "nfp_": sqp_, "re_": re_match_all_the_words}',
        "const FLWSECK = 1; bkua_ CLOJARS_TOKEN oy2 ops_eyJ amzn.mws. access_token$production$",
        "ratio 1/2:3, 2/1234567890, 0/0; the 1/3 of 16:9",
        "access-production-logs access-sandbox-3f2a9c41 dt0c01.x pcsk_ napi_create_function_by_name tgp_v1_",
        "re_compiled_the_expression_of_all_words LTAI pat.of.the.day sk.eyJ",
        "aGVsbG8_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLW5vdGhpbmc",
        "this.s.toLocaleUpperCase2AndMore items-s.A2bcdefghijklmnopqrstuvw",
        "iVBORw0KGgo/EAAAfQ8dWmM2aZ4TqLkXv1cRb7YhJp9NsGo3UeKi6WtBzCxVnMaSdFgHjKlP0",
    ],
)
def test_what_goes_on_before_it_is_no_token(text: str) -> None:
    assert redact(text).text == text
