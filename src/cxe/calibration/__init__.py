"""The model behind customer value at risk: fitted, stored, and honest about itself."""
