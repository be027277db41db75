"""What a file is: its type, size, duration, pages or tags, found with bounded work.

`probing.probe` reads a file, `sandbox.opened` does the same in child processes with limits,
`declared.media_info` takes the caller's word for it, `sequence.encode_sequence` makes a video of
images, `samples.samples` lists real files. Heavy libraries are imported when a file is read.
"""
