"""Where work is done: this agent, or Azure Machine Learning. An SDK is imported only inside its platform."""
