"""The fault lab: what onduty promises about broken links, dead processes and stubborn jobs, shown on real hosts.

The hosts are private sshd's with stock limits; the links to them run through ``proxy.py``, which cuts, resets, stalls,
delays and loses one direction. What really happened is read from files that the jobs write on their hosts, never from
what onduty says of itself.

- ``test_cuts``: connections end at random bytes while 30 jobs talk. No byte is lost or doubled, no verdict is wrong, no
  look in between shows what has not happened.
- ``test_partition``: the link goes silent, slow, or deaf one way. The job is unknown in the stated time, then what it
  truly was; one start.
- ``test_kills``: controllers, clients and links die at random events. The run ends as if nothing had happened.
- ``test_operations``: the controller dies before and after each kind of host operation. The same.
- ``test_cancel``: jobs hide, ignore TERM and hold the output. Nothing of them is left in time.
- ``test_floods``: hundreds of jobs on stock sshd's, endless lines, floods of lines. Every byte once.
- ``test_races``: people act at the same moment. One is first, and the others are told who.

``make faults`` runs all of it in minutes; with ``ONDUTY_SOAK=1`` it makes the counts that the product claims. The same
promises against fakes, at every single moment: ``tests/flows/sweep.py``. Reused pids, reboots and survivors need
stand-ins: ``tests/unit/test_supervisor.py``. What nobody could show is in ``docs/unproven.md``.
"""
