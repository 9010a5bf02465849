"""How good a trained generator is, while it trains and after."""
