"""What scikit-learn asks of an estimator beside options, fit and predict."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from penstock.errors import OptionError
from penstock.saved import Saved

__all__ = ["SklearnMixin"]


class SklearnMixin(Saved):
    """Tags for scikit-learn's tools, and its own error of an estimator that is not fitted."""

    kind: ClassVar[str]
    """``classifier`` or ``regressor``."""

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        classifies = self.kind == "classifier"
        return Tags(
            estimator_type=self.kind,
            target_tags=TargetTags(required=True, multi_output=not classifies),
            classifier_tags=ClassifierTags() if classifies else None,
            regressor_tags=None if classifies else RegressorTags(),
            input_tags=InputTags(two_d_array=True, three_d_array=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fitted_options_")

    def _require_fit(self) -> None:
        if not hasattr(self, "fitted_options_"):
            raise _unfitted(f"this {type(self).__name__} is not fitted yet; call fit first.")
        super()._require_fit()


def _unfitted(message: str) -> Exception:
    return _unfitted_class()(message)


@cache
def _unfitted_class() -> type[Exception]:
    """Make the error that scikit-learn's tools and Penstock's both know; scikit-learn is imported for it alone."""
    from sklearn.exceptions import NotFittedError

    class UnfittedError(OptionError, NotFittedError):  # type: ignore[misc]
        """An estimator that is not fitted."""

        def __reduce__(self) -> tuple[Any, ...]:  # worker processes send errors back as pickles
            return _unfitted, (str(self),)

    return UnfittedError
