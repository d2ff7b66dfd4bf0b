"""Face landmarks of a picture, by MediaPipe's FaceLandmarker (Kartynnik et al., CVPRW 2019)."""

import numpy as np
from numpy.typing import NDArray

from codec.errors import PictureError
from codec.model_files import landmarker_path
from codec.motion import FloatArray


class LandmarkTracker:
    """Tracks one face through a video; close it, or use it as a context manager."""

    def __init__(self) -> None:
        """Load the landmark model. Raises `ModelFileError` if it is missing or not the expected one."""
        # MediaPipe takes seconds to import; a relay or a replaying peer never needs it.
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(landmarker_path())),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=1,
        )
        self._landmarker = vision.FaceLandmarker.create_from_options(options)
        self._last_time_ms = -1

    def track(self, picture: NDArray[np.uint8], time_ms: int) -> FloatArray | None:
        """Return the face's (478, 3) landmarks in pixels of `picture` (z in the same unit), or None: no face.

        `picture` is (height, width, 3) RGB; `time_ms` must grow from call to call (equal times are moved on by 1 ms).
        Raises `PictureError` for any other array.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise PictureError(f"a picture is (height, width, 3) uint8, got {picture.shape} {picture.dtype}")
        from mediapipe import Image, ImageFormat

        self._last_time_ms = max(time_ms, self._last_time_ms + 1)
        image = Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        faces = self._landmarker.detect_for_video(image, self._last_time_ms).face_landmarks
        if not faces:
            return None
        height, width = picture.shape[:2]
        return np.array([(p.x * width, p.y * height, p.z * width) for p in faces[0]], np.float64)

    def close(self) -> None:
        """Release the model."""
        self._landmarker.close()

    def __enter__(self) -> "LandmarkTracker":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
