"""Deliberate faults of the switch, each of which a simulated world must find.

Each is one text of the program and another in its place, what that breaks, and the plan of the
world that finds it. Its budget is SEEDS_MAX worlds of so many transactions, from its seed on; when
it was written the first world found it. A fault that no world finds shows a hole in the auditor
or in the world, not in the switch.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A fault. `package` holds `old` exactly once; the world of the plan finds `new`.

    tells: invariants of which one must be named; seed, transactions, days: the plan, with all
    faults of the world and four banks.
    """

    name: str
    package: str
    old: str
    new: str
    breaks: str
    tells: tuple[str, ...]
    seed: int = 1
    transactions: int = 400
    days: int = 1


SEEDS_MAX = 8
SWITCH = "altyn.switch"
MUTANTS = (
    Mutant(
        "no-duplicate-check",
        SWITCH,
        "        if known is not None:\n            authorization.repeat_of",
        "        if False:\n            authorization.repeat_of",
        "a repeat is taken for a new request and asked anew (F05, F06)",
        ("I2",),
    ),
    Mutant(
        "repeat-answered-anew",
        SWITCH,
        "    else:\n        desk.reply(request, known)\n",
        '    else:\n        known.authorization_code = "999999"\n'
        "        desk.reply(request, known)\n",
        "a repeat gets another authorization code than the original (F05)",
        ("I2",),
    ),
    Mutant(
        "duplicate-of-other-content",
        SWITCH,
        "        request.amount == known.amount\n        and request.rrn == known.rrn",
        "        request.rrn == known.rrn",
        "another amount under a known key is taken for a repeat (F07)",
        ("I2",),
    ),
    Mutant(
        "sent-before-recorded",
        "altyn.gateway",
        "                sends.append(effect)\n",
        "                self._release([effect])\n",
        "what is decided leaves at once, not when its record is durable (I4)",
        ("I4", "SWITCH"),
    ),
    Mutant(
        "sends-of-the-next-batch",
        "altyn.gateway",
        "        self._release(leaving)\n        self.released",
        "        self._release(leaving + self._leaving)\n        self._leaving = []\n"
        "        self.released",
        "with a batch leaves what is recorded in the next one (I4)",
        ("I4",),
    ),
    Mutant(
        "reversal-forgotten",
        SWITCH,
        "        if not transaction.flags & Flag.NO_MONEY:\n            self.owe_reversal",
        "        if False:\n            self.owe_reversal",
        "an issuer that did not answer is never told that the request is void (F01)",
        ("I3",),
    ),
    Mutant(
        "repeat-counted-twice",
        SWITCH,
        "    else:\n        desk.reply(request, known)\n",
        "    else:\n        desk.state.positions.change(known.debtor, known.creditor,\n"
        "            known.settlement_currency, known.business_day, 0, known.settlement_amount)\n"
        "        desk.reply(request, known)\n",
        "each repeat is posted once more (F05)",
        ("I1", "I8", "PREDICTION"),
    ),
    Mutant(
        "tail-lost",
        SWITCH,
        "    for batch in checked_batches(storage) if batches is None else batches:\n",
        "    for batch in list(checked_batches(storage))[:-1] if batches is None else batches:\n",
        "a restart does not read the last batch (D03)",
        ("I4", "SWITCH"),
    ),
    Mutant(
        "replayed-twice",
        SWITCH,
        "        if told.held_change or told.posted_change:\n            state.positions.change(",
        "        for _ in range(2):\n            state.positions.change(",
        "a restart moves money twice (D05)",
        ("I1", "I8", "PREDICTION"),
    ),
    Mutant(
        "marker-forgotten",
        SWITCH,
        "    state.mark(original, request.terminal, moment, sequence)\n",
        "",
        "an original that comes after its reversal is approved (F09)",
        ("I2", "PREDICTION"),
    ),
    Mutant(
        "marker-forgotten-on-replay",
        SWITCH,
        '            self._state.mark(original, fact["terminal"], moment, sequence)\n',
        "            pass\n",
        "after a restart an original that comes after its reversal is approved (F09)",
        ("I2", "PREDICTION"),
        seed=36,
    ),
    Mutant(
        "too-much-released",
        "altyn.transaction",
        "        released = self.settled(self.remaining) - self.settled(remaining)\n",
        "        released = self.settled(self.remaining)\n",
        "a partial reversal releases all of it (F16)",
        ("I5",),
    ),
    Mutant(
        "reversal-above-original",
        SWITCH,
        "    if not is_whole or (standing and standing >= original.remaining):\n",
        "    if False:\n",
        "a reversal of another amount than the original's is accepted (F16)",
        ("I5", "SWITCH"),
    ),
    Mutant(
        "reversed-again",
        SWITCH,
        "    if original.state is not State.APPROVED:\n        outcome = {",
        "    if original.state is State.REVERSED:\n        original.state = State.APPROVED\n"
        "        original.remaining = original.amount\n"
        "    if original.state is not State.APPROVED:\n        outcome = {",
        "what is reversed already is reversed once more (F12)",
        ("I5",),
    ),
    Mutant(
        "no-cap",
        SWITCH,
        "    return exposure + settlement > cap\n",
        "    return False\n",
        "a net debit cap does not bind (I8)",
        ("I8",),
    ),
    Mutant(
        "cap-without-this-one",
        SWITCH,
        "    return exposure + settlement > cap\n",
        "    return exposure > cap\n",
        "a cap binds only once it is crossed (I8)",
        ("I8",),
    ),
    Mutant(
        "posted-to-the-new-day",
        SWITCH,
        "                transaction.settlement_currency,\n"
        "                transaction.business_day,\n                held_change,",
        "                transaction.settlement_currency,\n"
        "                state.business_day,\n                held_change,",
        "what was asked before a cut-over and answered after it counts for the new day (T03)",
        ("I1",),
        seed=10,
    ),
    Mutant(
        "any-acknowledgement",
        SWITCH,
        "    advice = queue.by_stan.get(response.stan)\n",
        '    advice = next(iter(queue.by_stan.values()), None)\n    response.transmission = ""\n',
        "an acknowledgement counts for whatever advice is owed (F14)",
        ("I6",),
    ),
    Mutant(
        "advices-lost-on-replay",
        SWITCH,
        "            state.issuer(transaction.issuer).advices.add(owed)\n",
        "",
        "a restart forgets the advices that issuers are owed (F14)",
        ("I6", "I3", "SWITCH"),
    ),
    Mutant(
        "advice-not-owed",
        SWITCH,
        "    desk.owe(original.issuer, transaction.sequence, record.body, stan)\n",
        "",
        "a reversal is accepted and its issuer never told (F14)",
        ("I6",),
    ),
    Mutant(
        "delivery-forgotten-on-replay",
        SWITCH,
        '        elif kind in ("delivered", "advice-closed"):\n            state.end_advice',
        '        elif kind in ("advice-closed",):\n            state.end_advice',
        "after a restart an acknowledged advice is sent again for ever (F14)",
        ("I6", "I12", "SWITCH"),
    ),
    Mutant(
        "answer-by-stan-only",
        SWITCH,
        "    if transaction is None or transaction.issuer_transmission != (\n"
        "        response.transmission or transaction.issuer_transmission\n    ):\n",
        "    if transaction is None:\n",
        "an answer with another transmission time counts (F03)",
        ("PREDICTION", "I2"),
        seed=3,
    ),
    Mutant(
        "answer-of-another",
        SWITCH,
        "    transaction = issuer.pending.get(response.stan)\n",
        "    transaction = next(iter(issuer.pending.values()), None)\n"
        '    response.transmission = ""\n',
        "an answer concludes the oldest request in flight (F03)",
        ("PREDICTION", "I2"),
    ),
    Mutant(
        "answer-of-another-amount",
        SWITCH,
        "        or (response.amount is not None and response.amount != transaction.amount)\n",
        "",
        "an answer about another amount is taken (F04)",
        ("PREDICTION",),
        seed=8,
    ),
    Mutant(
        "stans-from-the-start",
        SWITCH,
        "                issuer.last_stan = int(transaction.issuer_stan)  # drawn for this entry\n",
        "                pass\n",
        "after a restart STANs are given a second time (T07)",
        ("I2",),
    ),
    Mutant(
        "never-late",
        SWITCH,
        "                if first.deadline_us > now_us:\n",
        "                if first.deadline_us + 60_000_000 > now_us:\n",
        "an issuer's time never ends (F01)",
        ("I12", "PREDICTION"),
        seed=6,
    ),
    Mutant(
        "late-before-time",
        SWITCH,
        "                if first.deadline_us > now_us:\n",
        "                if first.deadline_us - 1_500_000 > now_us:\n",
        "an issuer's time ends too early",
        ("PREDICTION",),
    ),
    Mutant(
        "hold-kept-when-declined",
        SWITCH,
        "            transaction.remaining = 0\n            return -amount, 0\n",
        "            transaction.remaining = 0\n            return 0, 0\n",
        "what is declined stays held",
        ("I1",),
    ),
    Mutant(
        "snapshot-without-flight",
        SWITCH,
        "            for issuer in state.issuers.values()\n"
        "            for transaction in issuer.pending.values()\n        ],\n"
        '        "issuers": {',
        "            for issuer in state.issuers.values()\n"
        "            for transaction in ()\n        ],\n"
        '        "issuers": {',
        "a restart from a snapshot forgets what was in flight (F22)",
        ("I2", "I12", "SWITCH"),
        seed=2,
    ),
    Mutant(
        "flight-not-ended",
        SWITCH,
        "                desk.end_unanswered(transaction, Outcome.SWITCH_RESTARTED)\n",
        "",
        "what was in flight before a restart is neither answered nor reversed (F22)",
        ("I2",),
    ),
    Mutant(
        "horizon-not-moved",
        SWITCH,
        "            self.horizons[acquirer] = oldest.transmitted_s\n",
        "            pass\n",
        "a repeat of what has left memory is taken for new (F05)",
        ("I2",),
        seed=3,
    ),
    Mutant(
        "stand-in-counters-not-rebuilt",
        SWITCH,
        "        state.count_stand_in(transaction, terms, finished_us)\n",
        "",
        "a restart gives an issuer's stand-in limits back (I7)",
        ("I7",),
        seed=3,
        transactions=800,
    ),
    Mutant(
        "stand-in-without-limits",
        SWITCH,
        "        if amount + facts.amount > window.amount_max // divisor:\n",
        "        if False:\n",
        "the amount of a stand-in window does not bind (I7)",
        ("I7",),
        seed=5,
        transactions=800,
    ),
    Mutant(
        "stand-in-not-told",
        SWITCH,
        "    desk.owe_stand_in_advice(transaction, stan, asked_as)\n",
        "",
        "an issuer is not told what was approved in its place (F01)",
        ("I6",),
    ),
    Mutant(
        "cards-out-of-order",
        SWITCH,
        "        self.card = entries.read_bytes(record, entries.PAN_COLUMN)\n",
        '        self.card = sequence.to_bytes(8, "big")\n',
        "an advice of a card leaves before an earlier one is acknowledged (F29)",
        ("I6",),
    ),
    Mutant(
        "rounded-down",
        "altyn.money",
        "        quotient += 1\n",
        "        quotient += 0\n",
        "converted amounts are cut, not rounded (M02)",
        ("I1",),
    ),
    Mutant(
        "rate-before-its-instant",
        SWITCH,
        "found.valid_from_us <= now_us < found.valid_until_us",
        "now_us < found.valid_until_us",
        "after the clock steps back a rate serves that is not in force yet (T01)",
        ("I1",),
        seed=229,
    ),
    Mutant(
        "suspended-issuer-served",
        SWITCH,
        "        return Outcome.ISSUER_SUSPENDED\n",
        "        pass\n",
        "requests for a suspended issuer go on (F37)",
        ("PREDICTION",),
    ),
    Mutant(
        "held-amount-completed",
        SWITCH,
        "    posted = original.settled(request.amount)\n",
        "    posted = held\n",
        "a completion posts what was held and not what it says (F41)",
        ("I1", "I5"),
    ),
    Mutant(
        "credit-the-wrong-way",
        "altyn.transaction",
        "        if self.flags & Flag.CREDIT:\n            self.debtor",
        "        if False:\n            self.debtor",
        "a refund takes from the issuer (F44)",
        ("I1", "I8", "PREDICTION"),
    ),
    Mutant(
        "card-in-an-alarm",
        SWITCH,
        '        desk.alarm("duplicate-differs", f"link {request.link_id}, STAN {request.stan}")\n',
        '        desk.alarm("duplicate-differs", "card " + request.pan[:])\n',
        "an alarm tells a card number in clear (I10)",
        ("I10", "SWITCH"),
    ),
    Mutant(
        "two-days-at-once",
        SWITCH,
        "        state.begin_day(opened)\n",
        "        state.begin_day(following_day(opened))\n",
        "a cut-over opens another day than it says (T04)",
        ("I3",),
        seed=2,
    ),
)
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
