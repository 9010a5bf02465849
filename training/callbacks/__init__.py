"""Work between the training steps: one idea per file, all driven by `StepCallbacks`."""
