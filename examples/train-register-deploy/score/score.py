"""What serves the model: `init` loads it once, `run` predicts the progression of the disease for every row.

A request is `{"data": [[age, sex, bmi, bp, s1, s2, s3, s4, s5, s6], …]}`, the answer `{"progression": […]}`.
"""

import json
import os
from pathlib import Path

import joblib
import numpy as np
from azureml_inference_server_http.api.aml_response import AMLResponse

COLUMNS = 10


def init():
    global model
    model = joblib.load(next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("model.pkl")))


def run(raw_data, request_headers):
    try:
        rows = np.array(json.loads(raw_data)["data"], dtype=float).reshape(-1, COLUMNS)
    except (KeyError, TypeError, ValueError) as error:
        return AMLResponse(json.dumps({"error": f"No rows of {COLUMNS} numbers under 'data': {error}"}), 400)
    predicted = model.predict(rows)
    # One line of JSON a request, so that logs can be searched for what a smoke test or a caller has sent.
    trace = request_headers.get("Traceparent", "")
    print(json.dumps({"TraceParent": trace, "NumberOfPredictions": len(rows)}), flush=True)
    return {"progression": [round(value, 1) for value in predicted.tolist()]}
