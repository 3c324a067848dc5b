"""Where each known trap of model servers and their clients is tested: an index that can't go stale.

The traps are what hybrid stacks made by hand, and the libraries under them, were seen to fall into. Whoever renames or
removes one of these tests has to say here which one takes its place.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
RECORDINGS = sorted(path.stem for path in (TESTS / "recordings").glob("*.json"))

TRAPS: dict[str, tuple[str, ...]] = {
    "a local server that is down is asked again and again": (
        "unit/ladder/test_breaker.py::test_what_a_failure_says_of_a_local_server",
        "unit/ladder/test_breaker.py::test_a_server_is_down_after_its_refusal_and_back_after_its_pause",
        (
            "unit/ladder/test_retry_half_open.py"
            "::test_a_server_that_nobody_listens_at_is_dead_at_once_and_back_as_soon_as_it_lists_its_models"
        ),
    ),
    "a limit that ends during a cold load throws the load away": (
        "unit/ladder/test_cold.py::test_a_load_that_takes_longer_than_patience_goes_on_behind_the_next_tier",
        "unit/ladder/test_cold.py::test_an_asker_who_is_cancelled_leaves_the_load_going",
        "unit/ladder/test_cold.py::test_an_asker_who_is_killed_leaves_the_load_going",
    ),
    "a prompt is cut without a word": (
        "unit/providers/test_recorded.py::test_ollama_is_asked_with_one_window_and_never_to_cut_the_prompt",
        "unit/ladder/test_gate.py::test_the_recorded_trims_are_seen",
        "unit/routing/test_routing.py::test_a_prompt_that_must_stay_whole_goes_where_it_fits_and_else_is_shortened",
    ),
    "the OpenAI form of Ollama ignores window and keep_alive": (
        "sim/test_models.py::test_the_openai_form_leaves_keep_alive_as_it_was",
        "unit/providers/test_recorded.py::test_ollama_is_asked_with_one_window_and_never_to_cut_the_prompt",
        "unit/ladder/test_cold.py::test_a_model_loaded_with_another_window_is_cold",
    ),
    "another window for each request reloads the model": (
        "unit/providers/test_recorded.py::test_ollama_is_asked_with_one_window_and_never_to_cut_the_prompt",
        "unit/ladder/test_prewarm.py::test_a_cold_model_is_loaded_with_its_own_window",
        "unit/ladder/test_cold.py::test_a_model_loaded_with_another_window_is_cold",
    ),
    "a model thinks unasked, and the answer is empty": (
        "unit/providers/test_recorded.py::test_thoughts_apart_from_the_content_are_thoughts",
        "unit/providers/test_openai.py::test_a_reasoning_model_gets_room_to_think_and_others_get_the_limit_alone",
        "unit/ladder/test_gate.py::test_what_is_wrong_is_said_in_the_order_of_its_weight",
        "unit/ladder/test_limits.py::test_a_limit_that_is_over_sends_the_question_up",
    ),
    "a role, a ping, a comment or an empty delta is taken for the first token": (
        "unit/providers/test_anthropic.py::test_signs_of_life_are_no_content_and_leaving_closes_the_connection",
        "unit/providers/test_recorded.py::test_no_piece_of_content_is_empty",
        "unit/ladder/test_limits.py::test_a_limit_that_is_over_sends_the_question_up",
        "faults/test_matrix.py::test_no_fault_strands_a_request_and_no_pin_leaks",
    ),
    "a stream that ends without its end marker counts as an answer": (
        "unit/providers/test_streams.py::test_every_way_servers_end_a_stream_is_an_end",
        "unit/providers/test_recorded.py::test_a_stream_in_openais_form_that_ends_without_a_word_is_broken",
        "unit/providers/test_anthropic_stream.py::test_what_does_not_end_as_an_answer_is_none",
    ),
    "two models are spliced into one answer": (
        "unit/ladder/test_climb.py::test_text_that_was_shown_is_void_before_another_model_speaks",
        "unit/ladder/test_climb.py::test_whatever_happens_the_screen_shows_the_answer_and_every_attempt_has_one_record",
        "lsp/test_session_run.py::test_what_was_streamed_is_reset_when_another_model_starts_over",
    ),
    "an error inside a 200 is missed": (
        "unit/providers/test_anthropic_stream.py::test_an_error_inside_a_200_means_what_its_status_would",
        "unit/providers/test_streams.py::test_an_error_inside_a_stream_has_the_word_of_its_meaning",
        "unit/providers/test_recorded.py::test_what_was_said_before_a_crash_is_heard_before_the_error",
    ),
    "a long Retry-After is slept through while another model is free": (
        "unit/ladder/test_retry_after.py::test_a_short_rest_is_waited_out_on_the_same_model_and_told",
        (
            "unit/ladder/test_retry_after.py"
            "::test_for_a_longer_rest_the_next_is_asked_at_once_and_the_model_is_left_alone_so_long"
        ),
        "unit/ladder/test_retry_after.py::test_the_last_of_a_plan_is_waited_for_as_long_as_the_deadline_allows",
    ),
    "tries multiply": (
        "unit/providers/test_openai.py::test_a_failing_server_is_asked_once",
        "unit/providers/test_anthropic.py::test_a_status_is_read_once_and_its_message_is_not_passed_on",
        "unit/ladder/test_retry.py::test_there_is_no_third_try_and_no_second_one_for_another_model",
        "unit/ladder/test_retry.py::test_anything_else_goes_on_to_the_next_at_once",
    ),
    "a request that nobody waits for any more goes on": (
        "unit/providers/test_sockets.py::test_closing_the_generator_closes_the_connection_before_the_next_chunk",
        "unit/ladder/test_slots.py::test_a_slot_is_free_only_after_the_connection_is_closed",
        "unit/ladder/test_breaker.py::test_waiting_in_our_own_queue_is_not_the_server_s_fault",
        "lsp/test_session_run.py::test_every_road_of_cancelling_closes_the_provider_s_connection_and_frees_the_slot",
    ),
    "every 4xx is treated alike": (
        "unit/providers/test_openai.py::test_a_parameter_that_is_refused_is_mended_once",
        "unit/providers/test_openai.py::test_a_prompt_that_is_too_long_is_not_sent_again_though_max_tokens_is_named",
        "unit/ladder/test_climb.py::test_a_filtered_question_stops_the_climb",
        "unit/ladder/test_breaker.py::test_new_settings_end_what_was_refused",
        "unit/providers/test_recorded.py::test_a_missing_model_comes_with_the_command_that_pulls_it",
    ),
    "a probe queues, or takes a busy server for a dead one": (
        "unit/ladder/test_retry_half_open.py::test_looking_in_the_background_never_asks_a_model_anything",
        (
            "unit/ladder/test_retry_half_open.py"
            "::test_a_server_that_takes_connections_is_not_dead_because_it_lists_nothing"
        ),
        "lsp/test_session_offers.py::test_the_cloud_is_never_probed",
    ),
    "Ollama's own queue has no bound and no order": (
        "unit/ladder/test_slots.py::test_requests_are_served_in_order_and_no_more_at_once_than_the_model_serves",
        "unit/ladder/test_slots.py::test_one_more_than_may_wait_is_turned_away_at_once",
        "unit/ladder/test_queue.py::test_people_come_before_work_that_nobody_waits_for",
        "unit/ladder/test_turns.py::test_one_with_much_to_ask_lets_another_in_after_the_answer_that_is_under_way",
        "cli/test_taking_turns.py::test_the_second_waits_and_is_answered_by_the_local_model",
        "engine/test_ending.py::test_a_newer_request_from_the_same_spot_ends_the_older",
    ),
    "what a stream cost is lost": (
        "sim/test_cloud.py::test_openai_streams_role_then_text_then_finish_then_usage_without_choices",
        "unit/ledger/test_prices.py::test_the_model_that_served_is_paid_not_the_one_asked_for",
        "unit/ledger/test_prices.py::test_an_unknown_price_is_unknown_and_not_nothing",
        "engine/test_requests.py::test_what_was_not_counted_is_an_estimate_and_says_so",
        "engine/test_budget.py::test_a_cancelled_call_is_billed_by_estimate",
    ),
    "a breaker that never grows, never closes, or strands everybody": (
        "unit/ladder/test_breaker.py::test_each_pause_is_twice_the_one_before_up_to_a_cap",
        "unit/ladder/test_breaker.py::test_an_early_failure_never_shortens_a_pause",
        "unit/ladder/test_breaker.py::test_half_open_one_may_try_and_its_success_closes",
        "unit/routing/test_routing.py::test_who_rests_is_asked_only_when_nobody_else_is_left",
    ),
    "right answers are taken for refusals, or for too short": (
        "unit/ladder/test_gate.py::test_right_answers_are_not_taken_for_refusals",
        "unit/ladder/test_gate.py::test_a_refusal_far_down_is_not_looked_for",
        "unit/ladder/test_climb.py::test_a_bad_answer_sends_one_request_up_once_and_the_better_one_is_kept_as_degraded",
    ),
    "network or heavy work before the first byte": (
        "unit/ladder/test_vocabulary.py::test_a_fresh_process_without_any_network_counts",
        "unit/ledger/test_prices.py::test_prices_of_local_and_priced_models_load_no_list",
        "unit/routing/test_patterns.py::test_a_pattern_that_takes_too_long_is_left_without_an_answer",
        "unit/settings/test_store.py::test_a_broken_file_keeps_the_last_good_settings_and_says_so",
    ),
    "a model of Ollama's that runs in the cloud passes for local": (
        "unit/settings/test_layers.py::test_an_ollama_model_that_runs_in_the_cloud_is_not_local",
        "unit/ladder/test_cold.py::test_a_model_that_runs_elsewhere_is_never_loaded_and_not_local",
    ),
    "a proxy of the environment catches loopback": (
        "unit/providers/test_openai.py::test_a_proxy_of_the_environment_does_not_catch_loopback",
        "unit/providers/test_anthropic.py::test_a_proxy_of_the_environment_does_not_catch_loopback",
        "unit/providers/test_proxies.py::test_what_is_asked_of_a_server_of_the_person_s_own_goes_past_the_proxy",
        "cli/test_ask.py::test_no_proxy_comes_between_a_person_and_a_machine_of_their_own",
    ),
    "localhost resolves to where nobody listens": (
        "unit/providers/test_loopback.py::test_localhost_is_whichever_loopback_address_somebody_listens_at",
    ),
    "a grammar goes round in white space": (
        "unit/ladder/test_limits.py::test_a_model_that_says_white_space_for_ever_is_cut_off",
    ),
}

RECORDED: dict[str, tuple[str, ...]] = {
    "trimmed trimmed-one-message trimmed-stream": (
        "unit/ladder/test_gate.py::test_the_recorded_trims_are_seen",
        "unit/providers/test_recorded.py::test_the_count_of_a_trimmed_prompt_comes_through",
    ),
    "truncate-false truncate-false-stream unknown-model tools-unsupported think-unsupported foreign-origin "
    "foreign-host runner-crash-before-content runner-crash-loading runner-crash-midstream queue-full-loading "
    "bad-option-type bad-format": ("unit/providers/test_recorded.py::test_a_recorded_failure_has_its_outcome_word",),
    "v1-runner-crash-midstream": (
        "unit/providers/test_recorded.py::test_a_stream_in_openais_form_that_ends_without_a_word_is_broken",
    ),
    "v1-queue-full-loading v1-unknown-model": (
        "unit/providers/test_recorded.py::test_a_recorded_failure_in_openais_form_has_its_outcome_word",
    ),
    "preload-cold-slow chat-cold-nonstream": (
        "unit/ladder/test_cold.py::test_a_cold_model_is_waited_for_and_the_wait_is_told",
    ),
    "ps-while-loading": ("unit/ladder/test_cold.py::test_a_model_left_to_load_does_not_count_as_down",),
    "disconnect-while-loading": ("unit/ladder/test_cold.py::test_an_asker_who_is_killed_leaves_the_load_going",),
    "two-at-once queue-full": (
        "unit/ladder/test_slots.py::test_requests_are_served_in_order_and_no_more_at_once_than_the_model_serves",
    ),
    "cancel-midstream cancel-slow": (
        "unit/ladder/test_slots.py::test_a_slot_is_free_only_after_the_connection_is_closed",
    ),
    "num-ctx-change ps-loaded": ("unit/ladder/test_cold.py::test_a_model_loaded_with_another_window_is_cold",),
    "v1-ignores-num-ctx": ("sim/test_models.py::test_the_openai_form_leaves_keep_alive_as_it_was",),
    "think-default think-true": ("unit/providers/test_recorded.py::test_thoughts_apart_from_the_content_are_thoughts",),
    "think-false": ("unit/providers/test_recorded.py::test_thoughts_inside_the_content_are_not_content",),
    "think-false-unsupported": (
        "unit/providers/test_recorded.py::test_a_model_that_cannot_think_is_told_not_to_and_answers",
    ),
    "unknown-option bad-role": (
        "unit/providers/test_recorded.py::test_a_mistake_that_is_accepted_without_a_word_is_never_made",
    ),
    "unload keep-alive-forever": ("sim/test_models.py::test_a_negative_keep_alive_means_for_ever",),
}
"""Which test holds Rung to what a recording shows; all of them are held against the simulator as well."""


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("trap", [*TRAPS, *RECORDED])
def test_the_trap_has_its_tests(trap: str) -> None:
    for name in (TRAPS | RECORDED)[trap]:
        file, _, function = name.partition("::")
        assert function in functions_of(file), f"{name} is not there any more"


def test_every_fact_the_recordings_were_made_for_has_its_tests() -> None:
    rows = (TESTS / "recordings" / "README.md").read_text(encoding="utf-8").split("| --- | --- |\n")[1].splitlines()
    told = [name.strip() for row in rows for name in row.split("|")[1].split(",")]
    assert told
    assert [name for name in told if name not in " ".join(RECORDED).split()] == []


@pytest.mark.parametrize("name", [name for names in RECORDED for name in names.split()])
def test_the_recording_is_there_and_looked_at_by_its_test(name: str) -> None:
    assert name in RECORDINGS
    files = {test.partition("::")[0] for names, tests in RECORDED.items() if name in names.split() for test in tests}
    by_name = {"unit/providers/test_recorded.py", "unit/ladder/test_gate.py"}
    assert not files & by_name or any(f'"{name}"' in (TESTS / file).read_text(encoding="utf-8") for file in files)
