"""Questions for simulated courses: real topics, prompts that make sense, keys that are right."""
