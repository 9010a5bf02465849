"""What happens beside the training steps: one idea a file, all driven by `StepCallbacks`."""
