"""The process behind :class:`tests.support.llama.LlamaServer`: a real llama.cpp server, from a wheel for any processor.

``python -m tests.support.llama_process MODEL NAME CONTEXT [PROJECTOR [PORT]]`` serves one model file on loopback, two
requests at a time, until SIGTERM, on a port that is given, or that it finds and prints. The wheel
has the server as a class instead of a program; this is the program.
"""

from __future__ import annotations

import signal
import sys

import xllamacpp


def main(model: str, name: str, context: str, projector: str = "", port: str = "0") -> None:
    """Start the server and wait for the signal to end it."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.mmproj.path = projector
    parameters.model_alias = {name}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = int(port)
    parameters.n_ctx = int(context)
    parameters.n_parallel = 2
    parameters.cpuparams.n_threads = 1
    parameters.n_gpu_layers = 0
    parameters.warmup = False
    parameters.ui = False
    parameters.endpoint_slots = True
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # before the server starts threads of its own
    server = xllamacpp.Server(parameters)
    signal.sigwait({signal.SIGTERM})
    del server


if __name__ == "__main__":
    main(*sys.argv[1:])
