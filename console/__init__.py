"""What every command says and understands: options, errors, messages, the backend."""
