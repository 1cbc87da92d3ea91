"""Names of what lies beside a backup and is none: checksums and signatures."""

#: a checksum or a signature is named after its file
PROOFS = (".md5", ".sha1", ".sha256", ".sha512", ".b2", ".md5sum", ".sha1sum", ".sha256sum", ".sha512sum",
          ".sig", ".minisig")  # fmt: skip


def is_proof(key: str) -> bool:
    """Say whether ``key`` names a checksum or a signature: however many there are, nothing is backed up."""
    return key.lower().endswith(PROOFS)
