"""A job of NVFlare's simulator with masked averages: clients add their number; run by test_nvflare.py as a process.

python simulated_job.py FOLDER ROUNDS
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from nvflare.apis.dxo import DXO, DataKind, MetaKey, from_shareable
from nvflare.apis.event_type import EventType
from nvflare.apis.executor import Executor
from nvflare.apis.fl_constant import ReturnCode
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable, make_reply
from nvflare.apis.signal import Signal
from nvflare.app_common.abstract.model import make_model_learnable
from nvflare.app_common.abstract.model_persistor import ModelPersistor
from nvflare.app_common.shareablegenerators.full_model_shareable_generator import FullModelShareableGenerator
from nvflare.app_common.workflows.scatter_and_gather import ScatterAndGather
from nvflare.job_config.api import FedJob, FilterType

from pyzkfl.integrations.nvflare import MaskedAggregator, MaskingFilter

CLIENTS = 5


class AddOwnNumber(Executor):
    """site-3 adds 0.03 to each weight, and so on; site-1 fails in round 1."""

    def execute(self, task_name: str, shareable: Shareable, fl_ctx: FLContext, abort_signal: Signal) -> Shareable:
        number = int(fl_ctx.get_identity_name().rsplit("-", 1)[1])
        if number == 1 and shareable.get_header("current_round") == 1:
            return make_reply(ReturnCode.EXECUTION_EXCEPTION)
        model = from_shareable(shareable).data
        out = DXO(DataKind.WEIGHT_DIFF, data={k: np.full(v.shape, 0.01 * number) for k, v in model.items()})
        out.set_meta_prop(MetaKey.NUM_STEPS_CURRENT_ROUND, 1000 * number)
        return out.to_shareable()


class InMemory(ModelPersistor):
    """Starts from zeros; writes the last model to a file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def load_model(self, fl_ctx: FLContext) -> Any:
        return make_model_learnable({"w": np.zeros((2, 2)), "b": np.zeros(3)}, {})

    def save_model(self, model: Any, fl_ctx: FLContext) -> None:
        Path(self.path).write_text(json.dumps({k: v.tolist() for k, v in model["weights"].items()}))

    def handle_event(self, event_type: str, fl_ctx: FLContext) -> None:
        if event_type != EventType.END_RUN:
            super().handle_event(event_type, fl_ctx)


def main() -> None:
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    job = FedJob(name="masked", min_clients=CLIENTS)
    job.to_server(
        ScatterAndGather(
            min_clients=4, num_rounds=rounds, wait_time_after_min_received=60, aggregator_id="aggregator",
            persistor_id="persistor", shareable_generator_id="generator", ignore_result_error=True,
        )
    )  # fmt: skip
    job.to_server(MaskedAggregator(rounds=rounds, terms={"dropout": 0.2}), id="aggregator")
    job.to_server(InMemory(str(folder / "model.json")), id="persistor")
    job.to_server(FullModelShareableGenerator(), id="generator")
    job.to_clients(AddOwnNumber(), tasks=["train"])
    job.to_clients(MaskingFilter(), filter_type=FilterType.TASK_RESULT, tasks=["train"])
    job.simulator_run(str(folder / "work"), n_clients=CLIENTS, threads=CLIENTS)


if __name__ == "__main__":
    main()
