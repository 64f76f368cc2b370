"""What came of a run, as plain data, and one publisher a module that shows it somewhere."""
