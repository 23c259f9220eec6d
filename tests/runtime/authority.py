"""Certificates made for a test: an authority, what it issues, and what it takes back."""

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as PEM."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key, without a password."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its DER form."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def write(self, folder: Path, name: str) -> None:
        """As name.pem and name.key."""
        (folder / f"{name}.pem").write_bytes(self.pem)
        (folder / f"{name}.key").write_bytes(self.key_pem)
        (folder / f"{name}.key").chmod(0o600)

    def context(
        self, folder: Path, authority: "Authority", *, serves: bool = False
    ) -> ssl.SSLContext:
        """How its owner speaks TLS: the peer's certificate is of the authority."""
        self.write(folder, self.fingerprint)
        kind = ssl.PROTOCOL_TLS_SERVER if serves else ssl.PROTOCOL_TLS_CLIENT
        context = ssl.SSLContext(kind)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.identity.pem.decode())
        context.load_cert_chain(
            folder / f"{self.fingerprint}.pem", folder / f"{self.fingerprint}.key"
        )
        return context


class Authority:
    """Issues certificates for tests, with keys of a curve that are quickly made."""

    def __init__(self, name: str) -> None:
        self.name = _name(name)
        key = ec.generate_private_key(ec.SECP256R1())
        built = self._builder(self.name, key, 3650).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.identity = Identity(built.sign(key, hashes.SHA256()), key)

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=400))
            .not_valid_after(NOW + dt.timedelta(days=days))
        )

    def issue(self, name: str, days: int = 365) -> Identity:
        """A certificate for a DNS name and this machine, good for so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        built = self._builder(_name(name), key, days).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        return Identity(built.sign(self.identity.key, hashes.SHA256()), key)

    def revocations(self, *revoked: Identity, days: int = 90) -> bytes:
        """The list of revoked certificates, as PEM, good for so many days from now."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(NOW - dt.timedelta(days=1))
        builder = builder.next_update(NOW + dt.timedelta(days=days))
        for identity in revoked:
            entry = x509.RevokedCertificateBuilder(
                identity.certificate.serial_number, NOW - dt.timedelta(days=1)
            ).build()
            builder = builder.add_revoked_certificate(entry)
        signed = builder.sign(self.identity.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
