"""The tables that clearing reads and writes: the contract between SQL, engines, rules and reports.

Every table is a Parquet file of these columns in this order. A text that is absent is null, never
empty. Money is int64 minor units of the currency beside it, currencies are numeric codes of ISO
4217, instants UTC. The order of rows is the order of `key`, so that the same input gives the same
bytes. docs/reference/clearing.md is made from this module.

Who pays is told by `debtor` and `creditor`, which already take credits and reversals into account;
amounts of items are never below zero. Amounts of fees are below zero where a fee is given back.
"""

from typing import Final, Literal, NamedTuple, TypeAlias

from altyn.card import STORED_PAN_BYTES

ColumnType: TypeAlias = Literal["text", "int32", "int64", "wide", "flag", "date", "bytes"]
"""`wide` is an integer of up to 38 digits: DECIMAL(38,0)."""


class Column(NamedTuple):
    """A column. `required` says that it is never null; `width` is in characters or bytes."""

    name: str
    type: ColumnType
    width: int
    required: bool
    meaning: str


class Table(NamedTuple):
    """A table: its columns, and the columns by which its rows are ordered and told apart."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    meaning: str


def _text(name: str, width: int, meaning: str, *, required: bool = True) -> Column:
    return Column(name, "text", width, required, meaning)


def _amount(name: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, "int64", 0, required, meaning)


def _count(name: str, meaning: str) -> Column:
    return Column(name, "int32", 0, True, meaning)


def _flag(name: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, "flag", 0, required, meaning)


def _day(name: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, "date", 0, required, meaning)


_PAN: Final = Column("pan", "bytes", STORED_PAN_BYTES, True, "card number, sealed (altyn.card)")

# What the rules decide, flattened into rows for the engine.

PARTICIPANTS: Final = Table(
    "participants",
    (
        _text("participant", 8, "a member"),
        _text("country", 3, "its country as the registry writes it"),
        _text("currency", 3, "its own currency"),
        _text("agent", 8, "who settles for it: itself, or its sponsor (tiered participation)"),
        _flag("partner", "whether its traffic is of the partner leg"),
    ),
    ("participant",),
    "who takes part, as the registry of the cycle's end says",
)

CONVERSIONS: Final = Table(
    "conversions",
    (
        _text("rate_id", 20, "the rate, or two joined by *: as the journal's record names it"),
        _text("source", 3, "currency of the amount"),
        _text("target", 3, "currency that it becomes"),
        Column("numerator", "wide", 0, True, "times this"),
        Column("denominator", "wide", 0, True, "through this, rounded as the scheme rounds"),
        _flag("in_force", "whether it is the one of the cycle's end for its pair"),
    ),
    ("rate_id", "source", "target"),
    "every conversion that may be asked for, reduced to one fraction of minor units",
)

MATCHING_TERMS: Final = Table(
    "matching_terms",
    (
        _text("terms_id", 20, "their name in rejections and explanations"),
        _text("category_from", 4, "first merchant category code they are for"),
        _text("category_to", 4, "last merchant category code they are for"),
        _day("effective_from", "first business day of presentment"),
        _day("effective_until", "first business day on which they hold no more"),
        _count("rank", "where two hold, the higher one does"),
        _amount("tolerance_ppm", "how far the parts may exceed what was authorized, millionths"),
        _amount("currency_tolerance_ppm", "the same where the currency is another, instead"),
        _count("open_days", "an authorization is open for so many days after its business day"),
        _count("late_days", "after so many days a presentment is marked late"),
        _count("refuse_days", "after so many days it is rejected"),
        _count("fallback_days", "how far its day at the terminal may lie from its day"),
        _flag("accepts_unauthorized", "whether one without an authorization is accepted, marked"),
        _text("rate_rule", 13, "authorization or clearing: whose rate converts a matched one"),
    ),
    ("terms_id",),
    "how presentments are matched, by merchant category and date",
)

MERCHANT_TIERS: Final = Table(
    "merchant_tiers",
    (
        _text("acquirer_participant", 8, "the merchant's acquirer"),
        _text("merchant", 15, "DE42"),
        _text("tier", 8, "the tier that fee rules name"),
        _day("effective_from", "first business day"),
        _day("effective_until", "first business day on which it holds no more"),
    ),
    ("acquirer_participant", "merchant", "effective_from"),
    "merchants with prices of their own",
)

FEE_RULES: Final = Table(
    "fee_rules",
    (
        _text("rule_id", 20, "its name in fees and explanations"),
        _text("fee", 20, "the fee it prices; of each fee one rule holds for an item"),
        Column("rank", "int64", 0, True, "how specific it is: where two hold, the higher one does"),
        _day("effective_from", "first business day"),
        _day("effective_until", "first business day on which it holds no more"),
        _text("tier", 8, "merchant tier, or any", required=False),
        _text("product", 8, "product of the card, or any", required=False),
        _text("processing", 2, "first digits of DE3, or any", required=False),
        _text("category_from", 4, "first merchant category code, or any", required=False),
        _text("category_to", 4, "last merchant category code, or any", required=False),
        _text("entry_mode", 2, "first digits of DE22, or any", required=False),
        _text("leg", 12, "domestic, cross-border or partner, or any", required=False),
        _text("currency", 3, "settlement currency, or any", required=False),
        _flag("converted", "whether amount and settlement currencies differ", required=False),
        _amount("amount_from", "least settlement amount"),
        _amount("amount_until", "settlement amounts from here on are no longer meant"),
        _amount("ppm", "millionths of the settlement amount"),
        _amount("fixed", "added to that"),
        _amount("floor", "at least this", required=False),
        _amount("cap", "at most this", required=False),
        _text("rounding", 9, "half-up or half-even"),
        _text("payer", 8, "issuer or acquirer"),
    ),
    ("rule_id",),
    "what is charged; rules of one fee that contend are refused when they are read",
)

FEE_SHARES: Final = Table(
    "fee_shares",
    (
        _text("rule_id", 20, "the rule"),
        _count("part", "from 1"),
        _text("receiver", 8, "issuer, acquirer, scheme, issuer-agent or acquirer-agent"),
        _amount("ppm", "its millionths of the fee; those of a rule sum to 1,000,000"),
    ),
    ("rule_id", "part"),
    "who receives a fee; what rounding leaves of it goes to the scheme's residue (M02)",
)

TERMS: Final = Table(
    "terms",
    (
        _text("cycle", 16, "the cycle: 2026-11-23/1"),
        _day("business_day", "of the cycle"),
        _text("rounding", 9, "of conversions: half-up or half-even"),
        _text("cross_border_currency", 3, "what settles unless both are of one country"),
        _flag("limits_unlinked_refunds", "whether unlinked_refund_limits holds at all"),
    ),
    ("cycle",),
    "one row: what holds for the whole cycle",
)

UNLINKED_REFUND_LIMITS: Final = Table(
    "unlinked_refund_limits",
    (
        _text("currency", 3, "of the refund"),
        _amount("limit", "most that a refund which names no purchase may give"),
    ),
    ("currency",),
    "a currency that is not named allows none, where terms.limits_unlinked_refunds (F44)",
)

# What clearing makes.

ITEMS: Final = Table(
    "items",
    (
        _text("item_id", 48, "J and the journal's sequence, or P, acquirer, file and record"),
        _text("cycle", 16, "the cycle in which it was cleared"),
        _text("outcome", 24, "a word of MatchOutcome"),
        _text("terms_id", 20, "matching terms that held, null for the switch's", required=False),
        _flag("late", "presented later than the terms allow without a mark"),
        _flag("credit", "the cardholder is given money"),
        _flag("reversal", "takes back an earlier item, in whole or in part"),
        _text("original_item", 48, "the item taken back or refunded", required=False),
        _amount("authorization", "journal sequence of the authorization", required=False),
        _amount("drawn", "what it took of that, in its currency, or gives back", required=False),
        _flag("final", "whether that was the last of it", required=False),
        _text("file_id", 25, "the file it came in, null for the switch's", required=False),
        _amount("record_number", "its place there", required=False),
        _text("acquirer_reference", 23, "the acquirer's number of it", required=False),
        _day("business_day", "to which it belongs: the switch's, or that of the file's booking"),
        _day("priced_on", "whose rules price it: its own, or that of the item taken back (F39)"),
        _text("acquirer_participant", 8, "who acquired"),
        _text("issuer_participant", 8, "who issued"),
        _text("debtor", 8, "who pays the amount"),
        _text("creditor", 8, "who receives it"),
        _PAN,
        _text("processing_code", 6, "DE3"),
        _text("product", 8, "product of the card"),
        _text("category", 4, "merchant category code", required=False),
        _text("entry_mode", 3, "DE22", required=False),
        _text("merchant", 15, "DE42", required=False),
        _text("terminal", 8, "DE41", required=False),
        _text("rrn", 12, "DE37", required=False),
        _text("stan", 6, "DE11", required=False),
        _text("transmission", 10, "DE7", required=False),
        _text("authorization_code", 6, "DE38", required=False),
        _text("leg", 12, "domestic, cross-border or partner"),
        _text("tier", 8, "the merchant's, on priced_on", required=False),
        _text("currency", 3, "of the transaction"),
        _amount("amount", "in it"),
        _text("settlement_currency", 3, "in which the participants settle it"),
        _amount("settlement_amount", "in it"),
        _text("rate_id", 20, "of the conversion that was used", required=False),
        _text("rate_rule", 13, "switch, authorization or clearing: why that one", required=False),
        _text("authorization_rate_id", 20, "fixed at the authorization", required=False),
        _text("clearing_rate_id", 20, "in force at the cycle's end", required=False),
        _amount("base_before", "of a reversal: what stood of its original, in settlement currency"),
        _amount(
            "base_after", "what stands after it: fee(base_after) - fee(base_before) is charged"
        ),
    ),
    ("item_id",),
    "every movement of money that was accepted",
)

FEES: Final = Table(
    "fees",
    (
        _text("item_id", 48, "what it is for"),
        _text("fee", 20, "its name"),
        _text("rule_id", 20, "the rule that priced it"),
        _amount("base", "the settlement amount it was priced on"),
        _count("part", "share of the receiver, from 1; 0 for what rounding left"),
        _text("payer", 8, "participant that pays it"),
        _text("receiver", 8, "participant that receives it, or SCHEME"),
        _text("account", 10, "settlement, fees or residue: the receiver's account"),
        _text("settlement_currency", 3, "of the amount"),
        _amount("amount", "below zero where a fee is given back"),
    ),
    ("item_id", "fee", "rule_id", "base", "part"),
    "every fee of every item, by rule and receiver",
)

REJECTED: Final = Table(
    "rejected",
    (
        _text("acquirer_participant", 8, "who sent it"),
        _text("file_id", 25, "in which file"),
        _amount("record_number", "as which record"),
        _text("acquirer_reference", 23, "its number"),
        _text("reason", 24, "a word of MatchRejection"),
        _text("terms_id", 20, "matching terms that held", required=False),
        _amount("authorization", "the authorization it was held against", required=False),
        _text("currency", 3, "of the amount"),
        _amount("amount", "that was presented"),
    ),
    ("acquirer_participant", "file_id", "record_number"),
    "every presentment that was read and not accepted",
)

AUTHORIZATIONS: Final = Table(
    "authorizations",
    (
        _amount("authorization", "journal sequence of its entry"),
        _text("state", 9, "open, reversed, completed (by the switch), cleared or expired"),
        _day("business_day", "when it was given"),
        _day("expires_on", "last business day on which it is open"),
        _day("kept_until", "last business day on which it is remembered"),
        _text("acquirer_participant", 8, "who asked"),
        _text("issuer_participant", 8, "who gave it"),
        _PAN,
        _text("stan", 6, "DE11"),
        _text("transmission", 10, "DE7"),
        _text("rrn", 12, "DE37", required=False),
        _text("terminal", 8, "DE41", required=False),
        _text("merchant", 15, "DE42", required=False),
        _text("category", 4, "DE18", required=False),
        _text("entry_mode", 3, "DE22", required=False),
        _text("product", 8, "product of the card"),
        _text("processing_code", 6, "DE3"),
        _flag("credit", "the cardholder is to be given money"),
        _text("authorization_code", 6, "DE38", required=False),
        _text("currency", 3, "of the transaction"),
        _amount("amount", "authorized in it"),
        _amount("standing", "what reversals left of it"),
        _amount("presented", "what presentments took of it, in its currency"),
        _text("settlement_currency", 3, "in which it would settle"),
        _amount("settlement_amount", "in it, for the whole"),
        _text("settlement_rate_id", 20, "the rate fixed at it", required=False),
    ),
    ("authorization",),
    "authorizations that presentments may still name: of this cycle and carried from earlier ones",
)

AUTHORIZATION_NOTICES: Final = Table(
    "authorization_notices",
    (
        _amount("authorization", "journal sequence of its entry"),
        _text("notice", 26, "EXPIRED, or REVERSED_AFTER_PRESENTMENT"),
        _text("acquirer_participant", 8, "whom to tell"),
        _text("issuer_participant", 8, "whom to tell"),
        _text("currency", 3, "of the amount"),
        _amount("amount", "what was never presented, or was presented and then reversed"),
    ),
    ("authorization", "notice"),
    "what became of authorizations in this cycle (C08)",
)

NETS: Final = Table(
    "nets",
    (
        _text("settlement_currency", 3, "of the amounts"),
        _text("participant", 8, "a member, or SCHEME"),
        _text("agent", 8, "who settles for it"),
        _text("account", 10, "settlement; fees or residue for SCHEME"),
        _amount("items", "so many items in which it pays or receives"),
        _amount("principal", "of items: above zero it receives"),
        _amount("fees", "of fees: above zero it receives"),
        _amount("minor_units", "the net: their sum"),
    ),
    ("settlement_currency", "participant", "account"),
    "net positions; those of a currency sum to zero (I1), and one of zero is kept (M03)",
)

PAIRS: Final = Table(
    "pairs",
    (
        _text("settlement_currency", 3, "of the amounts"),
        _text("debtor", 8, "who pays"),
        _text("creditor", 8, "who receives; SCHEME for its fees and residue"),
        _amount("items", "so many items, 0 for SCHEME"),
        _amount("principal", "of items"),
        _amount("fees", "of fees, signed"),
    ),
    ("settlement_currency", "debtor", "creditor"),
    "gross amounts of every pair, for reports",
)

TOTALS: Final = Table(
    "totals",
    (
        _text("source", 6, "switch or file"),
        _text("what", 16, "read, accepted, rejected: accepted and rejected make up read (I9)"),
        _text("currency", 3, "of the transaction"),
        _amount("records", "so many"),
        Column("amount", "wide", 0, True, "their sum"),
    ),
    ("source", "what", "currency"),
    "control totals of the cycle",
)

RULE_TABLES: Final = (
    PARTICIPANTS,
    CONVERSIONS,
    MATCHING_TERMS,
    MERCHANT_TIERS,
    FEE_RULES,
    FEE_SHARES,
    TERMS,
    UNLINKED_REFUND_LIMITS,
)
RESULT_TABLES: Final = (
    ITEMS,
    FEES,
    REJECTED,
    AUTHORIZATIONS,
    AUTHORIZATION_NOTICES,
    NETS,
    PAIRS,
    TOTALS,
)
