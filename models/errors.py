"""Errors of training."""


class TrainingDataError(Exception):
    """A clip, a cache or a pack that training cannot use; the message says which, why and what to do."""


class TrainingSettingsError(Exception):
    """A file of settings, or a checkpoint, that does not fit; the message names the entry."""


class TrainingDivergedError(Exception):
    """The loss is no number any more; the newest checkpoint is from before that."""
