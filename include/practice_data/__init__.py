"""Practice data from outside: the CSV loader with its checks, the sample practices, and a generator of any size."""
