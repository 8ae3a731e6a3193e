"""The errors that the stand-in raises, named as the SDK names them."""


class APIError(Exception):
    pass


class NotFound(APIError):
    pass


class ImageNotFound(NotFound):
    pass
