"""What `test_additions` adds to a copy of the project, each as a newcomer would write it."""
