# Certificates for the TLS tests: a good one, and one for each way of being bad.

import datetime
import ssl

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_DAY = datetime.timedelta(days=1)


def make(folder):
    """Write `ca.der` (the CA to trust) into `folder`; return a server context by name.

    "good", "unknown" (from another CA), "self" (signed by itself), "host" (for another
    name), "expired" and "future"; "ciphers" (none in common with a client).
    """
    now = datetime.datetime.now(datetime.UTC)
    ca = trustme.CA()
    der = ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode())
    (folder / "ca.der").write_bytes(der)
    (folder / "ca.pem").write_bytes(ca.cert_pem.bytes())
    names = ("localhost", "127.0.0.1")
    leaves = {
        "good": ca.issue_cert(*names),
        "unknown": trustme.CA().issue_cert(*names),
        "host": ca.issue_cert("other.example"),
        "expired": ca.issue_cert(*names, not_before=now - 9 * _DAY, not_after=now - _DAY),
        "future": ca.issue_cert(*names, not_before=now + _DAY, not_after=now + 9 * _DAY),
    }
    contexts = {}
    for name, leaf in leaves.items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(contexts[name])
    contexts["self"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexts["self"].load_cert_chain(_self_signed(folder / "self.pem", now))
    # The certificate's key is for ECDSA, these ciphers' is for RSA.
    ciphers = contexts["ciphers"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaves["good"].configure_cert(ciphers)
    ciphers.maximum_version = ssl.TLSVersion.TLSv1_2
    ciphers.set_ciphers("AES256-GCM-SHA384")
    return contexts


def _self_signed(path, now):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
