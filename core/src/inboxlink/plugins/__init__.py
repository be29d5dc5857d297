"""Find, vet, load and call providers.

`candidates` lists what is installed and imports none of it, `policy` says which of them may be
imported, `record` remembers what the operator enabled and what the last check found, `loading`
imports (stevedore) and registers (pluggy), `calling` calls one provider at a time under a
deadline, `doctor` does all of that in a child process.

A provider runs with the rights of the host. Vetting is consent, not a sandbox.
"""
