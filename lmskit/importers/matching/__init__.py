"""How the files of one quiz meet: its questions by their texts, its options by theirs, the quiz itself by its title."""
