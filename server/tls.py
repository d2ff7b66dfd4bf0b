"""TLS for a server that is not behind a proxy: a certificate given, or one made here and signed by itself."""

import datetime
import ipaddress
import os
import socket
import ssl
from pathlib import Path

import ifaddr
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.errors import TlsError

SELF_SIGNED = "self-signed"

_VALID_DAYS = 365
_RENEW_DAYS = 30


def lan_addresses() -> list[str]:
    """Return this machine's IPv4 addresses, loopback left out."""
    addresses = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str))
    return [address for address in addresses if not ipaddress.ip_address(address).is_loopback]


def cache_folder() -> Path:
    """Return where a self-signed certificate is kept (`XDG_CACHE_HOME`/facewire, else ~/.cache/facewire)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facewire"


def tls_context(choice: str, folder: Path | None = None) -> ssl.SSLContext:
    """Return the context for `--tls`: `self-signed`, or `CERT,KEY`, two PEM files.

    A self-signed certificate is kept in `folder` (default `cache_folder()`), readable by its owner only.
    Raises `TlsError` if the choice is neither, or files cannot be read or written.
    """
    if choice == SELF_SIGNED:
        certificate, key = _self_signed(folder or cache_folder())
    else:
        parts = choice.split(",")
        if len(parts) != 2 or not all(parts):
            raise TlsError(f"--tls {choice!r}: say self-signed, or CERT,KEY (two PEM files)")
        certificate, key = Path(parts[0]), Path(parts[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(f"cannot use certificate {certificate} with key {key}: {error}") from error
    return context


def _self_signed(folder: Path) -> tuple[Path, Path]:
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    names = _own_names()
    try:
        if not _still_good(certificate_path, key_path, names):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            key = ec.generate_private_key(ec.SECP256R1())
            _write_private(
                key_path,
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ),
            )
            _write_private(certificate_path, _make_certificate(key, names).public_bytes(serialization.Encoding.PEM))
    except OSError as error:
        raise TlsError(f"cannot keep a self-signed certificate in {folder}: {error}") from error
    return certificate_path, key_path


def _own_names() -> list[x509.GeneralName]:
    addresses = ["127.0.0.1", "::1", *lan_addresses()]
    names = dict.fromkeys(["localhost", socket.gethostname()])
    return [
        *(x509.DNSName(name) for name in names if name.isascii()),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]


def _still_good(certificate_path: Path, key_path: Path, names: list[x509.GeneralName]) -> bool:
    if not certificate_path.is_file() or not key_path.is_file():
        return False
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return left.days >= _RENEW_DAYS and all(name in covered for name in names)


def _make_certificate(key: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName]) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "facewire, self-signed")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def trust(certificate: Path | None) -> ssl.SSLContext | None:
    """Return a client's context that trusts a server's certificate (a PEM file), or None for the usual authorities.

    Raises `TlsError` if the file cannot be used.
    """
    if certificate is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(certificate))
    except (OSError, ssl.SSLError) as error:
        raise TlsError(f"cannot use {certificate} as --certificate: {error}") from error
