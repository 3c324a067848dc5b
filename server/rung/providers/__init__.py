"""One file per protocol (ollama, openai); one event type for all; nothing here decides anything."""
