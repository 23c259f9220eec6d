"""Failure scenarios played as text: one test for each, by its identifier.

What happens stands in days/*.txt, for a clearing clerk to check; here is only which section of
which day shows which scenario.
"""

from tests.scenarios.day import DAYS, expect_day, expect_section


def test_f01_an_approval_that_comes_after_its_time_does_not_count() -> None:
    """An approval that comes after its time does not count."""
    expect_section("answers", "F01")


def test_f02_an_issuer_that_answers_twice_is_heard_once() -> None:
    """An issuer that answers twice is heard once."""
    expect_section("answers", "F02")


def test_f03_an_answer_that_names_no_stan_of_ours_is_dropped() -> None:
    """An answer that names no STAN of ours is dropped."""
    expect_section("answers", "F03")


def test_f04_an_answer_with_another_amount_or_card_is_no_answer() -> None:
    """An answer with another amount or card is no answer, and is reversed."""
    expect_section("answers", "F04")


def test_f05_a_repeat_of_what_is_finished_gets_the_same_answer() -> None:
    """A repeat of what is finished gets the same answer, and nothing is held again."""
    expect_section("repeats", "F05")


def test_f06_a_repeat_of_what_is_in_flight_waits_for_the_same_answer() -> None:
    """A repeat of what is in flight waits for the same answer."""
    expect_section("repeats", "F06")


def test_f07_the_same_key_with_other_content_is_refused() -> None:
    """The same key with other content is refused, finished or in flight."""
    expect_section("repeats", "F07")


def test_f08_a_repeat_that_is_seen_first_is_the_original() -> None:
    """A repeat that is seen first is the original."""
    expect_section("repeats", "F08")


def test_f09_a_reversal_that_comes_first() -> None:
    """A reversal that comes first: its original is refused when it comes."""
    expect_section("reversals", "F09")


def test_f10_a_reversal_of_nothing_moves_nothing() -> None:
    """A reversal of nothing moves nothing."""
    expect_section("reversals", "F10")


def test_f11_a_reversal_repeated_has_one_effect() -> None:
    """A reversal repeated has one effect."""
    expect_section("reversals", "F11")


def test_f12_a_second_reversal_of_the_same_is_accepted() -> None:
    """A second reversal of the same is accepted and gives no second credit."""
    expect_section("reversals", "F12")


def test_f13_a_reversal_that_got_lost_is_done_when_it_comes_again() -> None:
    """A reversal that got lost is done when it comes again."""
    expect_section("reversals", "F13")


def test_f14_a_reversal_on_the_way_to_the_issuer_is_repeated() -> None:
    """A reversal on the way to the issuer is repeated until it is acknowledged."""
    expect_section("reversals", "F14")


def test_f16_partial_reversals() -> None:
    """Partial reversals: what stands is exact and only falls."""
    expect_section("reversals", "F16")


def test_f17_two_partial_reversals_race() -> None:
    """Two partial reversals race: each is judged by what stands when its turn comes."""
    expect_section("reversals", "F17")


def test_f18_a_reversal_after_the_cut_over_belongs_to_the_new_day() -> None:
    """A reversal after the cut-over belongs to the new day."""
    expect_section("reversals", "F18")


def test_f19_an_issuer_whose_line_breaks() -> None:
    """An issuer whose line breaks: what it was asked is declined at once and reversed."""
    expect_section("lines", "F19")


def test_f20_an_acquirer_whose_line_breaks_before_the_reply() -> None:
    """An acquirer whose line breaks before the reply: nothing is reversed on a guess."""
    expect_section("lines", "F20")


def test_f21_it_reconnects_and_repeats() -> None:
    """It reconnects and repeats: the stored answer."""
    expect_section("lines", "F21")


def test_f22_the_switch_dies_between_the_issuers_approval() -> None:
    """The switch dies between the issuer's approval and the reply."""
    expect_section("lines", "F22")


def test_f23_the_switch_dies_right_after_the_reply() -> None:
    """The switch dies right after the reply: what it said stands, what it owes is owed."""
    expect_section("lines", "F23")


def test_f34_a_bank_that_sends_under_another_banks_name_is_refused() -> None:
    """A bank that sends under another bank's name is refused, and is no repeat of the real
    one."""
    expect_section("routing", "F34")


def test_f35_a_card_of_nobody_goes_nowhere() -> None:
    """A card of nobody goes nowhere."""
    expect_section("routing", "F35")


def test_f36_the_longest_prefix_decides() -> None:
    """The longest prefix decides."""
    expect_section("routing", "F36")


def test_f42_an_inquiry_and_a_verification_of_nothing_hold_nothing() -> None:
    """An inquiry and a verification of nothing hold nothing."""
    expect_section("routing", "F42")


def test_f40_a_completion_finds_its_authorization() -> None:
    """A completion finds its authorization, or is refused."""
    expect_section("holds", "F40")


def test_f41_a_completion_is_for_at_most_what_stands() -> None:
    """A completion is for at most what stands."""
    expect_section("holds", "F41")


def test_t03_what_is_in_flight_at_the_cut_over_belongs_to_the_day() -> None:
    """What is in flight at the cut-over belongs to the day in which it came."""
    expect_section("calendar", "T03")


def test_t04_a_message_is_before_the_cut_over_or_after_it() -> None:
    """A message is before the cut-over or after it, never both."""
    expect_section("calendar", "T04")


def test_t06_a_repeat_across_the_end_of_the_year_is_the_same_message() -> None:
    """A repeat across the end of the year is the same message."""
    expect_section("calendar", "T06")


def test_t07_a_stan_that_comes_again_at_another_time() -> None:
    """A STAN that comes again at another time is another message."""
    expect_section("calendar", "T07")


def test_t08_the_same_reference_from_two_banks() -> None:
    """The same reference from two banks, or on two days, is nothing of one another."""
    expect_section("calendar", "T08")


def test_m12_two_requests_race_for_the_last_of_a_cap() -> None:
    """Two requests race for the last of a cap: the first reserves, the second is refused."""
    expect_section("caps", "M12")


def test_m13_a_cap_lowered_below_what_is_owed() -> None:
    """A cap lowered below what is owed: nothing is undone, nothing more is owed."""
    expect_section("caps", "M13")


def test_m01_amounts_keep_the_decimals_of_their_own_currency() -> None:
    """Amounts keep the decimals of their own currency."""
    expect_section("currencies", "M01")


def test_m02_parts_of_a_converted_amount_add_up_to_the_whole() -> None:
    """Parts of a converted amount add up to the whole."""
    expect_section("currencies", "M02")


def test_the_day_of_answers_ends_as_written() -> None:
    """The whole of answers.txt, and the positions at its end."""
    expect_day("answers")


def test_the_day_of_repeats_ends_as_written() -> None:
    """The whole of repeats.txt, and the positions at its end."""
    expect_day("repeats")


def test_the_day_of_reversals_ends_as_written() -> None:
    """The whole of reversals.txt, and the positions at its end."""
    expect_day("reversals")


def test_the_day_of_lines_ends_as_written() -> None:
    """The whole of lines.txt, and the positions at its end."""
    expect_day("lines")


def test_the_day_of_routing_ends_as_written() -> None:
    """The whole of routing.txt, and the positions at its end."""
    expect_day("routing")


def test_the_day_of_holds_ends_as_written() -> None:
    """The whole of holds.txt, and the positions at its end."""
    expect_day("holds")


def test_the_day_of_calendar_ends_as_written() -> None:
    """The whole of calendar.txt, and the positions at its end."""
    expect_day("calendar")


def test_the_day_of_caps_ends_as_written() -> None:
    """The whole of caps.txt, and the positions at its end."""
    expect_day("caps")


def test_the_day_of_currencies_ends_as_written() -> None:
    """The whole of currencies.txt, and the positions at its end."""
    expect_day("currencies")


def test_the_day_of_mixed_ends_as_written() -> None:
    """The whole of mixed.txt, and the positions at its end."""
    expect_day("mixed")


def test_every_day_is_played() -> None:
    """No day lies here unplayed."""
    played = {
        "answers", "repeats", "reversals", "lines", "routing", "holds",
        "calendar", "caps", "currencies", "forwarding", "mixed", "standin",
    }  # fmt: skip
    assert {path.stem for path in DAYS.glob("*.txt")} == played


def test_f29_an_issuer_that_returns_is_told_of_each_card_in_order() -> None:
    """Two reversals of a card and one of another: the second of the card comes last."""
    expect_section("forwarding", "F29")


def test_f24_an_issuer_that_refuses_an_advice_has_taken_it() -> None:
    """05 to an advice: nothing comes again, and the operator is told."""
    expect_section("forwarding", "F24")


def test_f26_a_dead_letter_holds_up_nothing_and_an_operator_sends_it_again() -> None:
    """Eight times 30, over a restart, until an operator retries it."""
    expect_section("forwarding", "F26")


def test_f14_an_operator_closes_an_advice() -> None:
    """It is owed no more; the whole day ends with the money where it was."""
    expect_day("forwarding")


def test_f01_a_stand_in_stands_whatever_the_issuer_says_late() -> None:
    """Approved in its place, told by 0220; its own late approval has no effect."""
    expect_section("standin", "F01")


def test_f27_f45_limits_of_stand_in_hold_for_one_card_at_two_acquirers() -> None:
    """The first reserves; amount, count, and the limit of all cards together."""
    expect_section("standin", "F45")


def test_f29_a_window_goes_on_until_its_issuer_was_told() -> None:
    """Its hour is over, and it begins anew only with the last advice; a restart changes nothing."""
    expect_section("standin", "F29")


def test_f24_a_regretted_stand_in_stands() -> None:
    """51 to an advice; the reversal comes behind it, and the whole day adds up."""
    expect_day("standin")
