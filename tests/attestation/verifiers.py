"""What others make of the files of a release; ends with an error where they refuse.

    verifiers.py sbom FILE                  cyclonedx-python-lib, by the official schema
    verifiers.py statement ENVELOPE         in-toto-attestation, statement and provenance
    verifiers.py verify ENVELOPE PUBLIC     securesystemslib
    verifiers.py sign PAYLOAD PRIVATE OUT   securesystemslib; OUT is an envelope
"""

import base64
import hashlib
import json
import sys
from pathlib import Path


def key_of(public):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from securesystemslib.signer import SSlibKey

    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SSlibKey.from_crypto(public, keyid=hashlib.sha256(der).hexdigest())


def sbom(path):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(path).read_text())
    if error is not None:
        sys.exit(str(error))


def statement(path):
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    text = base64.b64decode(json.loads(Path(path).read_text())["payload"])
    # Fields that the forms do not have are refused.
    read = json_format.Parse(text, statement_pb2.Statement())
    Statement.copy_from_pb(read).validate()
    provenance = json_format.MessageToJson(read.predicate)
    read = json_format.Parse(provenance, provenance_pb2.Provenance())
    if not read.build_definition.resolved_dependencies or not read.run_details.builder.id:
        sys.exit("the provenance is empty")


def verify(path, public):
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.dsse import Envelope

    envelope = Envelope.from_dict(json.loads(Path(path).read_text()))
    envelope.verify([key_of(load_pem_public_key(Path(public).read_bytes()))], threshold=1)


def sign(payload, private, out):
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner

    private = load_pem_private_key(Path(private).read_bytes(), None)
    envelope = Envelope(Path(payload).read_bytes(), "application/vnd.in-toto+json", {})
    envelope.sign(CryptoSigner(private, key_of(private.public_key())))
    Path(out).write_text(json.dumps(envelope.to_dict()))


if __name__ == "__main__":
    {"sbom": sbom, "statement": statement, "verify": verify, "sign": sign}[sys.argv[1]](*sys.argv[2:])
