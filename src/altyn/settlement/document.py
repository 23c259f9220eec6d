"""XML of ISO 20022: building it, and reading it from somebody who may be hostile (S15).

A message travels as one element with the business application header and the document in it:

    <BusinessMessage>
      <AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.02">...</AppHdr>
      <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.029.001.02">...</Document>
    </BusinessMessage>

Any element may be around the two when one is read, and the header may be absent. The parser knows
no document type, entity or network; size, depth and number of elements are bounded.
"""

from collections.abc import Iterator
from typing import Final

from lxml import etree

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
HEADER: Final = "head.001.001.02"
MESSAGE_BYTES_MAX: Final = 16 << 20
DEPTH_MAX: Final = 32
ELEMENTS_MAX: Final = 500_000


class Node:
    """An element to be written: its name, its text or children, and a currency where it has one."""

    __slots__ = ("children", "currency", "name", "text")

    def __init__(self, name: str, *children: "Node | None", text: str = "", currency: str = ""):
        """Children that are None are left out."""
        self.name = name
        self.children = [child for child in children if child is not None]
        self.text = text
        self.currency = currency


def leaf(name: str, text: str) -> Node:
    """An element with text only."""
    return Node(name, text=text)


class AnswerError(ValueError):
    """A message that cannot be used: `where` says the place in it, `reason` what is wrong."""

    def __init__(self, where: str, reason: str) -> None:
        """Neither repeats what stood there."""
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


def write_message(header: Node, definition: str, body: Node) -> bytes:
    """The bytes of a message: the same nodes always give the same bytes."""
    root = etree.Element("BusinessMessage")
    root.append(_element(header, HEADER))
    document = etree.SubElement(
        root, _tag("Document", definition), nsmap={None: NAMESPACE + definition}
    )
    document.append(_element(body, definition))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _tag(name: str, definition: str) -> str:
    return f"{{{NAMESPACE}{definition}}}{name}"


def _element(node: Node, definition: str) -> etree._Element:
    element = etree.Element(_tag(node.name, definition), nsmap={None: NAMESPACE + definition})
    if node.currency:
        element.set("Ccy", node.currency)
    if node.text:
        element.text = node.text
    for child in node.children:
        element.append(_element(child, definition))
    return element


class Part:
    """An element that is read: its children by name, its text, and where it stands."""

    __slots__ = ("_element", "_prefix")

    def __init__(self, element: etree._Element, prefix: str) -> None:
        """`prefix` is the namespace of the message, in braces."""
        self._element = element
        self._prefix = prefix

    @property
    def where(self) -> str:
        """The line, for an error."""
        return f"line {self._element.sourceline}"

    def _path(self, path: str) -> str:
        return "/".join(self._prefix + name for name in path.split("/"))

    def all(self, path: str) -> "Iterator[Part]":
        """Every descendant at a path such as 'GrpHdr/MsgId'."""
        for element in self._element.iterfind(self._path(path)):
            yield Part(element, self._prefix)

    def find(self, path: str) -> "Part | None":
        """The descendant at a path, or None; AnswerError when there are two."""
        found = list(self.all(path))
        if len(found) > 1:
            raise AnswerError(found[1].where, f"{path} stands twice")
        return found[0] if found else None

    def get(self, path: str) -> "Part":
        """The descendant at a path; AnswerError when it is absent."""
        found = self.find(path)
        if found is None:
            raise AnswerError(self.where, f"{path} is absent")
        return found

    def text(self, path: str) -> str:
        """The text of a descendant, 1 to 140 characters; AnswerError otherwise."""
        return self.get(path).value()

    def text_or(self, path: str, default: str) -> str:
        """The text of a descendant, or the default when it is absent."""
        found = self.find(path)
        return default if found is None else found.value()

    def value(self) -> str:
        """Its own text."""
        text = (self._element.text or "").strip()
        if not 1 <= len(text) <= 140 or len(self._element):
            raise AnswerError(self.where, "a text of 1 to 140 characters is expected")
        return text

    def currency(self) -> str:
        """Its attribute Ccy, or nothing."""
        return self._element.get("Ccy", "")


def read_message(content: bytes) -> tuple[str, Part]:
    """The definition of a message, such as 'pacs.002.001.10', and its Document.

    Raises AnswerError for bytes that are not one well-formed message within the bounds.
    """
    if len(content) > MESSAGE_BYTES_MAX:
        raise AnswerError("the message", f"longer than {MESSAGE_BYTES_MAX} bytes")
    root = _parse(content)
    _check_extent(root)
    documents = [
        each
        for each in ([root] if _local(root) == "Document" else root)
        if _local(each) == "Document"
    ]
    if len(documents) != 1:
        raise AnswerError("the message", "exactly one Document is expected")
    namespace = etree.QName(documents[0]).namespace or ""
    if not namespace.startswith(NAMESPACE):
        raise AnswerError("the Document", "its namespace is not of ISO 20022")
    definition = namespace.removeprefix(NAMESPACE)
    _check_header(root, definition)
    return definition, Part(documents[0], f"{{{namespace}}}")


def _parse(content: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise AnswerError(f"line {line}, column {column}", "this is not well-formed XML") from error
    except (ValueError, LookupError) as error:
        raise AnswerError("the message", "its encoding cannot be read") from error
    if root.getroottree().docinfo.doctype:
        raise AnswerError("the message", "it has a document type; a message has none")
    return root


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _check_extent(root: etree._Element) -> None:
    depth = elements = 0
    for event, _each in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > DEPTH_MAX or elements > ELEMENTS_MAX:
            raise AnswerError(
                "the message", f"deeper than {DEPTH_MAX} or more than {ELEMENTS_MAX} elements"
            )


def _check_header(root: etree._Element, definition: str) -> None:
    """A header that names another message than the document is a sign of a mix-up."""
    for header in root:
        if _local(header) == "AppHdr":
            prefix = f"{{{etree.QName(header).namespace or ''}}}"
            if Part(header, prefix).text("MsgDefIdr") != definition:
                raise AnswerError("the header", "it names another message than the Document")
