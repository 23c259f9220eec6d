"""Messages held against ISO 20022: its schemas where they are, else a library's classes.

The schemas are not ours to hand out. They are looked for in the folder that ALTYN_XSD names, and in
`shared/xsd` beside the repository. Without them the classes of pyiso20022 are the witness: they
know every element, its place and its type.
"""

import importlib
import os
from functools import cache
from pathlib import Path

from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser

_SPACE = "urn:iso:std:iso:20022:tech:xsd:"
_BESIDE = Path(__file__).parents[3] / "shared" / "xsd"


def assert_valid(content: bytes) -> None:
    """The header and the document of a message are what ISO 20022 says that they are."""
    parts = list(etree.fromstring(content))
    assert [etree.QName(part).localname for part in parts] == ["AppHdr", "Document"]
    for part in parts:
        definition = (etree.QName(part).namespace or "").removeprefix(_SPACE)
        schema = _schema(definition)
        if schema is not None:
            schema.assertValid(part)
        else:
            assert_known(part, definition)


def assert_known(part: etree._Element, definition: str) -> None:
    """The classes of pyiso20022 take the element, and every value in it has its type."""
    package, name = definition.split(".", maxsplit=1)[0], definition.replace(".", "_")
    module = importlib.import_module(f"pyiso20022.{package}.{name}")
    kind = getattr(module, etree.QName(part).localname)
    assert XmlParser().from_bytes(etree.tostring(part), kind) is not None


@cache
def _schema(definition: str) -> etree.XMLSchema | None:
    for folder in (os.environ.get("ALTYN_XSD"), _BESIDE):
        path = Path(folder or _BESIDE) / f"{definition}.xsd"
        if path.is_file():
            return etree.XMLSchema(etree.parse(path))
    return None
