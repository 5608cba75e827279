"""The reader of Common Cartridge, in which Canvas, Moodle, Blackboard, Brightspace and publishers exchange courses."""
