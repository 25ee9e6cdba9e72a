"""Real-time positions, profit and loss, exposure; performance, attribution, risk and models, exactly."""
