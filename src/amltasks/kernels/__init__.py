"""Kernels made by fork: a Python that has imported everything once is copied for each notebook, in milliseconds.

    zygote           the process that imports and forks, one per interpreter and settings; see `zygote.Zygote`
    keeper           stands between it and each kernel: reports how the kernel ended, ends what it leaves behind
    kernel           a process like any other, except that it was not started: `forking.ForkedKernel`

The three run in the user's interpreter, from the folder `inside`. Linux only; elsewhere, whenever a fork is
refused, and with the off switch (`switch`), kernels are started directly. Knows nothing of notebooks. `provisioner`
offers it to every Jupyter program.
"""
