"""The servers that are measured, each of them a process: ours, the floors, and stock Strawberry."""
