"""For the tests of plugins: `hub`, a Hugging Face Hub on this machine. It needs pytest."""
