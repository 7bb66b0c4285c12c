"""Other programs on the founding problem: a module each, a function for each way to solve it.

Each is ``(feedback, patients) -> (count, log burden)``, both ``[patient, week]``, and is written as
a competent user of that program would write it; what makes it compile is kept between calls.
"""
