"""Shared generators for property tests."""

from hypothesis import strategies as st

from altyn.message import Codec, Message
from tests.message.generated import values
from tests.switch.bench import Bench

REQUEST_TYPES = tuple(
    f"0{kind}{function}{repeat}" for kind in "124" for function in "02" for repeat in "01"
)


def requests(codec: Codec) -> st.SearchStrategy[Message]:
    """Requests of every type: those of a shop, with some fields gone and some of any legal value.

    A reversal and a completion name an original; it need not exist.
    """
    formats = codec.specification.fields
    usual = Bench().about(Bench().request()).fields
    odd = st.lists(st.sampled_from(sorted(formats)), max_size=6, unique=True).flatmap(
        lambda numbers: st.fixed_dictionaries({n: values(formats[n]) for n in numbers})
    )
    gone = st.sets(st.sampled_from(sorted(usual)), max_size=3)

    def made(mti: str, replaced: dict[int, str | bytes], lost: set[int]) -> Message:
        fields = {n: value for n, value in usual.items() if n not in lost}
        return Message(mti, {**fields, **replaced})

    return st.builds(made, st.sampled_from(REQUEST_TYPES), odd, gone)
