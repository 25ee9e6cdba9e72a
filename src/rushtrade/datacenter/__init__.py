"""The data center as it runs: lines, their health, books rebuilt after gaps, alarms, fan-out to other hosts."""
