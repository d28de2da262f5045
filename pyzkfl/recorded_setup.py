"""Whether the setup that a ledger tells of is the one that a file holds, and holds: contributions against transcript.

A ledger has the record of each member's contribution (its new leading points and the proof that the contributor knew
its secret), and what each member signed at the end: a digest over the last states and all records. The states are
megabytes and lie in members' files (pyzkfl.setup_files). With both, anybody who was not there checks what members
checked: each contributed once, in order, nobody's contribution was left out or exchanged between the ledger and the
file, every proof of knowledge holds, and the keys are those that the job is bound to.
"""

from __future__ import annotations

from pyzkfl.ceremony import Keys, Progress, Transcript
from pyzkfl.errors import SetupInvalid
from pyzkfl.job import Job
from pyzkfl.ledger import Ledger, records

__all__ = ["check_recorded_setup", "recorded_terms"]


def recorded_terms(ledger: Ledger, job: bytes) -> Job:
    """The agreement before the setup, of the job whose terms have this digest. SetupInvalid if it is not there."""
    found = ledger.find(records.JobTerms, job)
    if found is None or not isinstance(found.record, records.JobTerms):
        raise SetupInvalid(f"the ledger holds no job {job.hex()[:16]}...")
    return Job.from_bytes(found.record.document)


def check_recorded_setup(ledger: Ledger, job: bytes, transcript: Transcript, progress: Progress | None = None) -> Keys:
    """The keys of the setup, if the ledger's contributions to it are the transcript's, and it holds.

    job: digest of the terms, as `pyzkfl ledger show` prints it. Raises SetupInvalid naming the member and phase whose
    record differs or is missing, the member who signed another setup, or what of the transcript does not hold. It does
    not verify the ledger itself: `Ledger.verify` does.
    """
    terms = recorded_terms(ledger, job)
    for phase, due in ((1, transcript.records1), (2, transcript.records2)):
        if len(due) != len(terms.members):
            raise SetupInvalid(
                f"the file holds {len(due)} contributions to phase {phase}, of {len(terms.members)} members"
            )
        for member, record in zip(terms.members, due, strict=True):
            found = ledger.find(records.SetupContribution, job, phase=phase, member=member.name)
            if found is None or not isinstance(found.record, records.SetupContribution):
                raise SetupInvalid(f"the ledger has no contribution of {member.name!r} to phase {phase}")
            if found.record.record != record:
                raise SetupInvalid(f"the contribution of {member.name!r} to phase {phase} is another in the ledger")
    keys: Keys = transcript.verify(terms, progress)
    bound = keys.bind(terms)
    for member in terms.members:
        found = ledger.find(records.SetupFinal, job, member=member.name)
        if found is None or not isinstance(found.record, records.SetupFinal):
            raise SetupInvalid(f"{member.name!r} has not signed that it verified the setup")
        said = (found.record.verifying_key, found.record.commitment_key, found.record.setup)
        if said != (bound.verifying_key, bound.commitment_key, bound.setup):
            raise SetupInvalid(f"{member.name!r} verified another setup than that of the file")
    return keys
